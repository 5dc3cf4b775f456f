# Shared by all pictures. Colours: Okabe and Ito's palette, told apart with every kind of colour
# vision and, by lightness, in print.
black = '#000000'
orange = '#E69F00'
sky = '#56B4E9'
green = '#009E73'
yellow = '#F0E442'
blue = '#0072B2'
red = '#D55E00'
purple = '#CC79A7'
grey = '#7F7F7F'
pale = '#DDDDDD'
set datafile separator "\t"
set border 3 linecolor rgb grey
set tics nomirror out textcolor rgb black
set key at screen 0.5, 0.012 center bottom horizontal samplen 1.5 maxrows 1
set bmargin 6.5
set title title_text
set bars 0.4
