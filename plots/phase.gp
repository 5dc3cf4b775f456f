# Phase map: a region a limit, its name inside (or in the key, where it does not fit); white fits.
if (x_log) set logscale x
if (y_log) set logscale y
set xrange [x_low:x_high]
set yrange [y_low:y_high]
set format xy '%g'
set xlabel x_text
set ylabel y_text
set border 15
set rmargin 4
set tics front
set grid front
unset grid
fills = '#E69F00 #56B4E9 #F0E442 #CC79A7 #4FB99B #5A9BC8 #E8926A #BBBBBB'
fill(i) = word(fills, i % 8 + 1)
label(i) = value(sprintf('name%d', i))
set style fill solid 0.75 noborder
set style textbox opaque noborder fillcolor rgb 'white' margins 0.6,0.2
if (has_you) set label 1 'you' at you_x, you_y left offset 1.2,0.7 front boxed
plot for [i = 0:regions - 1] data index sprintf('region%d', i) using 1:2:3 with filledcurves \
         linecolor rgb fill(i) notitle, \
     for [i = 0:regions - 1] 1/0 with boxes linecolor rgb fill(i) title label(i), \
     data index 'contour' using 1:2 with lines linewidth 1 linecolor rgb black \
         title '80 % of a limit', \
     for [k = 1:has_knees] data index 'knee' using 1:2 with linespoints pointtype 7 pointsize 0.7 \
         linewidth 2.5 dashtype 2 linecolor rgb red title knee_text, \
     data index 'names' using ($4 > 0 ? $1 : NaN):2:5:3 with labels rotate variable notitle, \
     [t = 0:0] '+' using (has_you ? you_x : NaN):(you_y) with points pointtype 7 pointsize 1.6 \
         linecolor rgb black notitle
