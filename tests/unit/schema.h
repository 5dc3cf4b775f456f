/* Whether a document is of the shape that data/schema.json gives: as much of JSON Schema as that
 * file uses. */
#ifndef TESTS_UNIT_SCHEMA_H
#define TESTS_UNIT_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static bool schema_type_is(const char *type, const json_t *value)
{
    return strcmp(type, "object") == 0    ? json_is_object(value)
           : strcmp(type, "array") == 0   ? json_is_array(value)
           : strcmp(type, "string") == 0  ? json_is_string(value)
           : strcmp(type, "integer") == 0 ? json_is_integer(value)
           : strcmp(type, "number") == 0  ? json_is_number(value)
           : strcmp(type, "boolean") == 0 ? json_is_boolean(value)
                                          : json_is_null(value);
}

/* Any of several, or the one there is. */
static bool schema_type_fits(const json_t *type, const json_t *value)
{
    bool fits = !json_is_array(type) && schema_type_is(json_string_value(type), value);
    for (size_t i = 0; i < json_array_size(type); i++)
        fits = fits || schema_type_is(json_string_value(json_array_get(type, i)), value);
    return fits;
}

/* What is wrong, or NULL. */
static const char *schema_fault(const json_t *root, const json_t *schema, json_t *value);

static const char *schema_object_fault(const json_t *root, const json_t *schema, json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const char *fault = NULL;
    size_t index;
    json_t *item;
    const char *key;
    json_array_foreach(json_object_get(schema, "required"), index, item)
    {
        if (json_object_get(value, json_string_value(item)) == NULL)
            return json_string_value(item);
    }
    json_object_foreach(value, key, item)
    {
        const json_t *known = json_object_get(properties, key);
        if (known == NULL && json_is_false(json_object_get(schema, "additionalProperties")))
            return key;
        if (known != NULL && fault == NULL && schema_fault(root, known, item) != NULL)
            fault = schema_fault(root, known, item);
    }
    return fault;
}

static const char *schema_choice_fault(const json_t *root, const json_t *choices, json_t *value)
{
    const char *fault = NULL;
    size_t index;
    json_t *choice;
    json_array_foreach(choices, index, choice)
    {
        fault = schema_fault(root, choice, value);
        if (fault == NULL)
            return NULL;
    }
    return fault;
}

static const char *schema_fault(const json_t *root, const json_t *schema, json_t *value)
{
    const char *reference = json_string_value(json_object_get(schema, "$ref"));
    const json_t *type = json_object_get(schema, "type");
    const json_t *one_of = json_object_get(schema, "oneOf");
    const json_t *words = json_object_get(schema, "enum");
    const json_t *word = json_object_get(schema, "const");
    bool listed = words == NULL;
    if (reference != NULL)
        return schema_fault(
            root, json_object_get(json_object_get(root, "$defs"), strrchr(reference, '/') + 1),
            value);
    for (size_t i = 0; i < json_array_size(words); i++)
        listed = listed || json_equal(json_array_get(words, i), value);
    if (!listed || (word != NULL && !json_equal(word, value)))
        return "a word that is none of those known";
    if (type != NULL && !schema_type_fits(type, value))
        return "a value of another type";
    const char *fault = one_of != NULL ? schema_choice_fault(root, one_of, value) : NULL;
    if (fault == NULL && json_is_object(value))
        fault = schema_object_fault(root, schema, value);
    for (size_t i = 0; fault == NULL && i < json_array_size(value); i++)
        fault = schema_fault(root, json_object_get(schema, "items"), json_array_get(value, i));
    return fault;
}

#endif
