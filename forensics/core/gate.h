/* The gate: whether a promoted configuration may stay. The nouns; judge/gate.h decides. */
#ifndef FORENSICS_CORE_GATE_H
#define FORENSICS_CORE_GATE_H

#include <stdio.h>

#include "core/matrix.h"

enum gate_word { GATE_GO, GATE_NEUTRAL, GATE_NO_GO, GATE_WORD_COUNT };

struct gate_word_row {
    const char *name;
    int exit_status;
    const char *meaning; /* the founding condition, one clause */
};

extern const struct gate_word_row gate_word_table[GATE_WORD_COUNT];

/* The founding conditions, each a gain held against a threshold. */
enum gate_rule { GATE_BASELINE, GATE_SIGN, GATE_GAIN, GATE_RULE_COUNT };

struct gate_rule_row {
    const char *id;    /* of --threshold and JSON; NULL: cannot be moved */
    const char *name;  /* in JSON */
    const char *title; /* "new baseline against old" */
    double threshold;  /* percent of speed */
    const char *why;   /* where the threshold comes from */
};

extern const struct gate_rule_row gate_rule_table[GATE_RULE_COUNT];

/* Where an interval lies: `yes` wholly at or above the threshold, `no` wholly below, else it cannot be told. */
enum gate_answer { ANSWER_YES, ANSWER_NO, ANSWER_OPEN, ANSWER_COUNT };

extern const char *const gate_answer_name[ANSWER_COUNT];

struct gate_finding {
    struct gain gain;
    double threshold; /* percent */
    enum gate_answer answer;
    const char *sentence;
};

struct gate {
    enum gate_word word;
    bool undecided;      /* NEUTRAL because an interval lies across a threshold that matters */
    const char *summary; /* one sentence */
    struct gate_finding finding[GATE_RULE_COUNT];
    const struct bench_file *old_runs, *new_runs;
    bool interleaved;    /* old and new were run round by round, so that their runs are pairs */
    struct matrix matrix;
    const char **warnings;
    size_t warning_count, warning_room;
};

/* What `matrix` and `gate` save as JSON: docs/workflow.md has the keys. `what` names the stream in an error. */
bool matrix_save(struct arena *arena, const struct matrix *matrix, FILE *stream, const char *what, struct err *err);
bool gate_save(struct arena *arena, const struct gate *gate, FILE *stream, const char *what, struct err *err);

#endif
