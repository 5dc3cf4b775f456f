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
at(mark, censored) = column(3) == mark && column(4) == censored ? column(1) : NaN
plot data index 'cases' using (at(0, 0)):2 with points pointtype 6 pointsize 1.1 linewidth 1.5 \
         linecolor rgb blue title 'right limit and count', \
     data index 'cases' using (at(0, 1)):2 with points pointtype 8 pointsize 1.3 linewidth 1.5 \
         linecolor rgb sky title 'right; seen is a lower bound', \
     data index 'cases' using (at(1, 0)):2 with points pointtype 5 pointsize 1.1 \
         linecolor rgb orange title 'right limit, wrong count', \
     data index 'cases' using (at(1, 1)):2 with points pointtype 9 pointsize 1.3 \
         linecolor rgb orange title 'lower bound, wrong count', \
     data index 'cases' using ($3 == 2 ? $1 : NaN):2 with points pointtype 2 pointsize 1.4 \
         linewidth 2.5 linecolor rgb red title 'wrong limit', \
     data index 'cases' using ($6 > 0 ? $1 : NaN):2:6 with labels left offset 1,0 notitle
