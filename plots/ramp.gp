# Ramp and knee: start latency above, rate below, along the same counts.
set multiplot layout 2,1 title title_text margins screen 0.09, 0.97, 0.15, 0.93 \
    spacing screen 0.04
unset title
set xrange [0:x_high]
set grid ytics linecolor rgb pale linewidth 0.5
set style fill transparent solid 0.25 noborder
if (has_knee) set arrow 1 from knee, graph 0 to knee, graph 1 nohead linecolor rgb orange \
    linewidth 2 dashtype 2 front
if (has_wall) set arrow 2 from wall, graph 0 to wall, graph 1 nohead linecolor rgb red \
    linewidth 2 front
if (y_low > 0) set logscale y
set ylabel 'time of a start, s'
set format x ''
if (has_knee) set label 1 knee_text at knee, graph 0.93 right offset -1,0 textcolor rgb black front
if (has_wall) set label 2 wall_text at wall, graph 0.83 right offset -1,0 textcolor rgb red front
set yrange [y_low:y_high]
plot data index 'ramp' using 1:6:7 with filledcurves linecolor rgb blue notitle, \
     data index 'ramp' using 1:5 with linespoints pointtype 7 linewidth 2 linecolor rgb blue \
         title '99th percentile', \
     data index 'ramp' using 1:3:4 with filledcurves linecolor rgb green notitle, \
     data index 'ramp' using 1:2 with linespoints pointtype 5 linewidth 2 linecolor rgb green \
         title 'median'
unset label
unset logscale y
set yrange [0:*]
set offsets graph 0, graph 0, graph 0.15, 0
set ylabel 'starts a second'
set format x '%g'
set xlabel 'guests (bands: 95 % intervals)'
unset key
plot data index 'ramp' using 1:9:10 with filledcurves linecolor rgb purple notitle, \
     data index 'ramp' using 1:8 with linespoints pointtype 7 linewidth 2 linecolor rgb purple \
         notitle
unset multiplot
