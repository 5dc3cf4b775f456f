# Tornado: a row an input or a coefficient; the bar spans the most that works over its range.
if (x_high / x_low > 20) set logscale x
set xrange [x_low:x_high]
set yrange [rows - 0.3:-1]
set format x '%g'
set xlabel ramp_text
set lmargin left_letters
set rmargin 4
unset ytics
inside(x) = x < x_low ? x_low : x > x_high ? x_high : x
set arrow 1 from base, graph 0 to base, graph 1 nohead linecolor rgb black front
set label 1 base_text at base, -0.8 left offset 0.5,0
lower(u) = column(7) == u && column(3) < base ? base : NaN
upper(u) = column(7) == u && column(4) > base ? base : NaN
plot for [u = 0:uncertain] data index 'bars' using (lower(u)):1:(inside($3)):(base):($1 - 0.32):($1 + 0.32) \
         with boxxyerror fillstyle solid 0.85 noborder linecolor rgb (u ? orange : red) \
         title (u ? 'fewer (uncertain)' : 'fewer'), \
     for [u = 0:uncertain] data index 'bars' using (upper(u)):1:(base):(inside($4)):($1 - 0.32):($1 + 0.32) \
         with boxxyerror fillstyle solid 0.85 noborder linecolor rgb (u ? sky : blue) \
         title (u ? 'more (uncertain)' : 'more'), \
     data index 'bars' using (x_low):1:2 with labels right offset -1,0 notitle, \
     data index 'bars' using ($3 < base ? $3 : NaN):1:5 with labels right offset -0.6,0 \
         notitle, \
     data index 'bars' using ($4 > base ? inside($4) : NaN):1:6 with labels left offset 0.6,0 \
         notitle
