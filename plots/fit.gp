# A fit: points, curve and band above, what the curve leaves over below.
set multiplot layout 2,1 title title_text
unset title
ticks(unit, logarithmic) = unit eq 's' || unit eq 'B' ? (logarithmic ? '%.0s %c' : '%.1s %c') . unit : '%g'
plain(unit) = unit eq '' || unit eq '1' || unit eq 's' || unit eq 'B' ? '' : ', ' . unit
clip(value) = value < y_low ? y_low : value > y_high ? y_high : value
point_colour = refused ? grey : blue
if (x_log) set logscale x
set xrange [x_low:x_high]
set grid ytics linecolor rgb pale linewidth 0.5
set lmargin screen 0.13
set rmargin screen 0.97
set tmargin screen 0.88
set bmargin screen 0.42
set format x ''
set format y ticks(y_unit, y_log)
set label 1 y_name . plain(y_unit) at graph 0, graph 1.05 left front
if (y_log) set logscale y
set yrange [y_low:y_high]
set style fill solid 0.25 noborder
plot data index 'curve' using 1:(has_band ? clip($3) : NaN):(has_band ? clip($4) : NaN) \
         with filledcurves linecolor rgb sky title (has_band ? band_name : ''), \
     data index 'curve' using 1:2 with lines linewidth 2 linecolor rgb orange title curve_name, \
     data index 'points' using ($5 == 0 ? $1 : NaN):2 with points pointtype 7 pointsize 0.7 \
         linecolor rgb point_colour title 'measured', \
     data index 'points' using ($5 == 1 ? $1 : NaN):2 with points pointtype 9 pointsize 1.1 \
         linecolor rgb point_colour title (has_bounds ? 'lower bound' : '')
unset label
unset logscale y
unset key
set tmargin screen 0.38
set bmargin screen 0.16
set yrange [-left_high:left_high]
set ytics autofreq
set format y '%g'
set ylabel (shares ? 'off, points' : 'off, %') offset -1,0
set format x ticks(x_unit, x_log)
set xlabel x_name . plain(x_unit)
plot 0 with lines linewidth 2 linecolor rgb orange notitle, \
     data index 'points' using ($5 == 0 ? $1 : NaN):4 with points pointtype 7 pointsize 0.7 \
         linecolor rgb point_colour notitle
unset multiplot
