# Headroom ladder: demand over capacity, a row a limit, the first to fail at the top.
set logscale x
set xrange [x_low:x_high]
set yrange [rows - 0.4:-0.8]
set format x '%g'
set xlabel 'demand / capacity at the count asked for' . rest_text
set lmargin left_letters
set rmargin 27
unset ytics
set arrow 1 from 1, graph 0 to 1, graph 1 nohead linecolor rgb black linewidth 1.5 front
set label 1 most_text at graph 1, graph 1 left offset 1,0.5
inside(x) = x < x_low ? x_low : x > x_high ? x_high : x
of(k) = column(11) == k ? inside(column(5)) : NaN
name(k) = column(11) == k ? x_low : NaN
uncertain(k) = column(11) == k && column(7) > column(6) ? inside(column(5)) : NaN
colour(k) = k == 0 ? red : k == 1 ? blue : orange
plot data index 'limits' using (x_low):1:(inside($5) - x_low):(0) with vectors nohead \
         linecolor rgb pale linewidth 3 notitle, \
     for [k = 0:2] data index 'limits' using (uncertain(k)):1:(inside($6)):(inside($7)) \
         with xerrorbars pointtype 0 linewidth 2 linecolor rgb colour(k) notitle, \
     for [k = 0:2] data index 'limits' using (name(k)):1:2 with labels right offset -1,0 \
         textcolor rgb (k == 0 ? red : black) notitle, \
     data index 'limits' using (of(0)):1 with points pointtype 7 pointsize 1.8 \
         linecolor rgb red title 'first to stop the ramp', \
     data index 'limits' using (of(1)):1 with points pointtype 7 pointsize 1.2 \
         linecolor rgb blue title 'stops it later', \
     data index 'limits' using (of(2)):1 with points pointtype 6 pointsize 1.2 linewidth 2 \
         linecolor rgb orange title 'slows or warns', \
     data index 'limits' using (x_high):1:12 with labels left offset 1,0 notitle
