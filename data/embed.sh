#!/bin/sh
# Writes an assembly file that includes each data file, NUL-terminated, and a table
# {name, text, length} that ends with a NULL name: what model/data.h declares.
echo '    .section .rodata'
n=0
for f in "$@"; do
    printf 'name%d: .asciz "%s"\ntext%d: .incbin "%s"\nend%d: .byte 0\n' $n "${f#data/}" $n "$f" $n
    n=$((n + 1))
done
printf '    .section .data.rel.ro,"aw"\n    .balign 8\n    .globl data_files\ndata_files:\n'
i=0
while [ $i -lt $n ]; do
    printf '    .quad name%d, text%d, end%d - text%d\n' $i $i $i $i
    i=$((i + 1))
done
printf '    .quad 0, 0, 0\n    .section .note.GNU-stack,"",%%progbits\n'
