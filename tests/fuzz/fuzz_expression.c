/* Any text as an expression over all variables, constants and limits. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "model/formula.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag = {0};
    struct formulas formulas;
    char text[512];
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (formulas_init(&formulas, fuzz_catalog(), &diag) != 0)
        abort();
    struct formula *formula = formula_of(&formulas, text, &formulas.catalog->tables[0], 0, "unit");
    fuzz_judge(formula_parse(&formulas, formula, &diag), &diag);
    formula_value(&formulas, formula);
    formulas_free(&formulas);
    return 0;
}
