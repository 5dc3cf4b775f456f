# Timeline: a row a quantity; starts on the left, load on the right, each with its own time.
set multiplot title title_text
unset title
unset key
set grid ytics linecolor rgb pale linewidth 0.5
left(c) = c ? 0.66 : 0.1
right(c) = c ? 0.97 : 0.6
top(r) = 0.9 - 0.205 * r
titles = "'guests up' '" . cpus_text . "' '" . memory_text . "' 'disk I/Os a second'"
highs = sprintf('%g %g %g %g', guests_high, cpus_high, memory_high, requests_high)
full = sprintf('0 %g %g 0', host_cpus, host_memory)
colours = blue . ' ' . orange . ' ' . green . ' ' . purple
silent = 'no disk I/O in this load'
# The words stand on the side of their line that has room.
beside(at) = at < starts_end / 2 ? 'left offset 1,0' : 'right offset -1,0'
MARK_KNEE = 'set label 2 knee_text at knee, graph 0.89 ' . beside(knee) . ' front boxed'
MARK_WALL = 'set label 3 wall_text at wall, graph 0.89 ' . beside(wall) . ' textcolor rgb red front boxed'
set style textbox opaque noborder fillcolor rgb 'white' margins 0.4,0.2
# A round number at most x.
scale(x) = 10 ** floor(log10(x))
step(x) = scale(x) * (x >= 5 * scale(x) ? 5 : x >= 2 * scale(x) ? 2 : 1)
do for [r = 0:3] {
    high = word(highs, r + 1) + 0
    shown = high > 0 ? high * 1.4 : 1
    set yrange [0:shown]
    set ytics step(shown / 2.0)
    do for [c = 0:1] {
        if (c == 0 && r == 3) { continue }
        set lmargin at screen left(c)
        set rmargin at screen right(c)
        set tmargin at screen top(r)
        set bmargin at screen top(r) - 0.16
        set xrange [c ? load_begin : 0:c ? load_end : starts_end]
        if (c) { set xtics step((load_end - load_begin) / 2.0) }
        if (!c) { set xtics autofreq }
        bottom = c ? 3 : 2
        set format x (r == bottom ? '%g' : '')
        set xlabel (r < bottom ? '' : c ? load_text : starts_text)
        set label 1 (c ? '' : word(titles, r + 1)) at graph 0, graph 1 left offset letters,0.6 + 0.4 * letters
        if (r == 3) { set label 1 word(titles, 4) at graph 0, graph 1 left offset letters,0.6 + 0.4 * letters }
        unset label 2
        unset label 3
        unset label 4
        unset arrow
        if (r == 3 && requests_high == 0) {
            set label 4 silent at graph 0.5, graph 0.5 center textcolor rgb grey
        }
        limit = word(full, r + 1) + 0
        if (limit > 0 && limit <= shown) {
            set arrow 3 from graph 0, first limit to graph 1, first limit nohead \
                linecolor rgb grey dashtype 3 back
        }
        if (c == 0 && has_knee) {
            set arrow 1 from knee, graph 0 to knee, graph 1 nohead linecolor rgb orange \
                linewidth 2 dashtype 2 back
            if (r == 1) { eval MARK_KNEE }
        }
        if (c == 0 && has_wall) {
            set arrow 2 from wall, graph 0 to wall, graph 1 nohead linecolor rgb red linewidth 2 back
            if (r == 0) { eval MARK_WALL }
        }
        plot data index (c ? 'load' : 'starts') using 1:(column(r + 2)) with lines linewidth 2 \
            linecolor rgb word(colours, r + 1)
    }
}
unset multiplot
