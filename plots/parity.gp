# Parity: seen against predicted, log-log; on the diagonal both are the same.
set logscale xy
set xrange [axis_low:axis_high]
set yrange [axis_low:axis_high]
set size square
set bmargin 7
set format xy '%g'
set xlabel 'seen'
set ylabel 'predicted'
set grid xtics ytics linecolor rgb pale linewidth 0.5
set arrow 1 from axis_low, axis_low to axis_high, axis_high nohead linecolor rgb grey back
set rmargin 30
if (misses > 0) set label 1 "missed:\n" . misses_text at graph 1, graph 1 left offset 3,-1
at(mark, bound) = column(4) == mark && column(5) == bound ? column(1) : NaN
shape(bound) = word('6 8 10', bound + 1)
plot data index 'cases' using 2:3:($1 - $2):(0) with vectors nohead linewidth 1.5 \
         linecolor rgb sky notitle, \
     for [b = 0:2] data index 'cases' using (at(0, b)):3 with points pointtype (0 + shape(b)) \
         pointsize 1.2 linewidth 1.5 linecolor rgb (b ? sky : blue) \
         title word('right lower-bound upper-bound', b + 1), \
     for [b = 0:2] data index 'cases' using (at(1, b)):3 with points pointtype (1 + shape(b)) \
         pointsize 1.4 linecolor rgb orange title (b ? '' : 'wrong count'), \
     data index 'cases' using ($4 == 2 ? $1 : NaN):3 with points pointtype 2 pointsize 1.4 \
         linewidth 2.5 linecolor rgb red title 'wrong limit', \
     data index 'cases' using ($7 > 0 ? $1 : NaN):3:7 with labels right offset -1,0.7 notitle
