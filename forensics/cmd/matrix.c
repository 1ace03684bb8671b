/* matrix: what two knobs earn, alone and together, from a saved matrix. */
#include "cmd/boxes.h"
#include "cmd/finish.h"
#include "cmd/verb.h"

static const struct argp_child children[] = { { &argp_boxes, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
    .parser = boxes_positional,
    .args_doc = "MATRIX.json",
    .doc = "Says what each of two knobs earns alone and both together, with intervals, from a matrix of "
           "scripts/box/mixed_matrix_box.sh.",
    .children = children,
};

static bool save(struct arena *arena, const void *value, FILE *stream, const char *what, struct err *err)
{
    return matrix_save(arena, value, stream, what, err);
}

int verb_matrix(int argc, char **argv)
{
    struct box_options o = box_options_new(1, "a saved matrix is needed: MATRIX.json");
    struct err err = ERR_INIT;
    struct matrix matrix;
    int status = EXIT_OK;
    boxes_parse(&o, &argp, argc, argv);
    if (matrix_read(o.arena, o.file[0], &matrix, &err)) {
        struct document d = document_new(o.arena, "Matrix");
        const char *line = arena_printf(o.arena, "D against A: %s", gain_text(o.arena, &matrix.gain[POINT_D]));
        add_matrix(&d, &matrix);
        boxes_show(&o, &d, line, save, &matrix, &err);
    }
    if (err.kind != ERR_NONE)
        status = fail(&err);
    arena_free(o.arena);
    return status;
}
