# Remedy staircase: a row a fix; the bar is what the fix gains, its colour what the fix takes.
if (x_high / x_low > 20) {
    set logscale x
    if (x_high / x_low < 200) {
        do for [decade = 0:12] {
            set xtics add (sprintf('%.0f', 2 * 10 ** decade) 2 * 10 ** decade, \
                           sprintf('%.0f', 5 * 10 ** decade) 5 * 10 ** decade)
        }
    }
}
set xrange [x_low:x_high]
set yrange [rows - 0.4:-0.9]
set format x '%g'
set xlabel ramp_text
set lmargin 46
set rmargin 22
set bmargin 7.5
unset ytics
colour(k) = word(sprintf('%s %s %s %s %s %s %s', sky, blue, green, yellow, orange, purple, black), k + 1)
names = "sysctl setup restart reboot recompile hardware wall"
of(k) = column(6) == k && column(5) > 0 ? inside(column(4)) : NaN
inside(x) = x < x_low ? x_low : x
set label 1 asked_text at asked, graph 1 left offset 0.5,-0.5 textcolor rgb grey
set arrow 1 from asked, graph 0 to asked, graph 1 nohead linecolor rgb grey dashtype 2 back
plot for [k = 0:6] data index 'steps' using (of(k)):1:(inside($4)):(inside($5)):($1 - 0.3):($1 + 0.3) \
         with boxxyerror fillstyle solid 0.85 noborder linecolor rgb colour(k) notitle, \
     for [k = 0:6] data index 'steps' using (of(k)):1 with points pointtype 7 pointsize 1.1 \
         linecolor rgb colour(k) notitle, \
     data index 'steps' using (inside($5)):1:(0):($1 < rows - 1 ? 1 : 0) with vectors nohead \
         linecolor rgb grey notitle, \
     data index 'steps' using (x_low):1:2 with labels right offset -1,0.55 notitle, \
     data index 'steps' using (x_low):1:7 with labels right offset -1,-0.55 textcolor rgb grey \
         notitle, \
     data index 'steps' using (inside($5)):1:8 with labels left offset 0.8,0 notitle, \
     for [k = 0:6] ((used >> k) & 1 ? NaN : 0/0) with boxes fillstyle solid 0.85 linecolor rgb colour(k) \
         title ((used >> k) & 1 ? word(names, k + 1) : '')
