/* The verbs of layout_tax_forensics: one row, one file each. */
#ifndef FORENSICS_CMD_VERB_H
#define FORENSICS_CMD_VERB_H

#define PROGRAM "layout_tax_forensics"

struct verb {
    const char *name;
    const char *args;    /* for the usage line */
    const char *summary; /* one clause */
    int (*run)(int argc, char **argv); /* argv[0] is "layout_tax_forensics VERB"; returns the exit status */
};

extern const struct verb verb_table[]; /* ends with a NULL name; the first row is the default */

int verb_compare(int argc, char **argv);
int verb_sweep(int argc, char **argv);
int verb_merge(int argc, char **argv);
int verb_inspect(int argc, char **argv);
int verb_import(int argc, char **argv);
int verb_judge(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_gate(int argc, char **argv);
int verb_matrix(int argc, char **argv);
int verb_scorecard(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_rules(int argc, char **argv);
int verb_profiles(int argc, char **argv);
int verb_metrics(int argc, char **argv);

#endif
