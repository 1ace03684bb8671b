/* layout_tax_forensics: is it slower because of what it does, or because of where it sits? */
#include "cmd/verb.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cause.h"
#include "core/gate.h"

const struct verb verb_table[] = {
    { "compare", "OLD NEW [-- ARGS...]", "run both builds and say why one is slower (the default)", verb_compare },
    { "sweep", "OLD NEW [-- ARGS...]", "both builds in many layouts: the change, or where it landed?", verb_sweep },
    { "merge", "SHARD.json...", "put the shards of one sweep together", verb_merge },
    { "inspect", "OLD NEW", "no run: what changed between the two ELF files", verb_inspect },
    { "import", "OLD.perf NEW.perf", "judge `perf stat` output recorded elsewhere", verb_import },
    { "judge", "SAVED.json", "judge a saved comparison again, e.g. with other thresholds", verb_judge },
    { "report", "SAVED.json", "show a saved comparison in another format", verb_report },
    { "gate", "OLD.json NEW.json MATRIX.json", "GO, NEUTRAL or NO-GO for promoted knobs, from saved figures", verb_gate },
    { "matrix", "MATRIX.json", "what two knobs earn, alone and together, from a saved matrix", verb_matrix },
    { "scorecard", "SESSION.json", "builds and other allocators side by side, and whether a baseline moves", verb_scorecard },
    { "doctor", "", "what can be measured on this machine, and how to get more", verb_doctor },
    { "rules", "", "the rule table", verb_rules },
    { "profiles", "", "the processors the model knows", verb_profiles },
    { "metrics", "", "the metric table", verb_metrics },
    { NULL, NULL, NULL, NULL },
};

static void usage(FILE *to)
{
    fprintf(to, "Usage: " PROGRAM " [VERB] [OPTIONS...] OLD NEW [-- ARGS...]\n"
                "Says why the build NEW of a program is slower than OLD: layout, hint, data or real work.\n\nVerbs:\n");
    for (const struct verb *v = verb_table; v->name; v++)
        fprintf(to, "  %-9s %-29s %s\n", v->name, v->args, v->summary);
    fprintf(to, "\n`" PROGRAM " VERB --help` lists a verb's options; `" PROGRAM " --help` those of compare.\n\nExit status:\n");
    for (int i = 0; i < CAUSE_COUNT; i++)
        fprintf(to, "  %d  %-13s %s\n", cause_table[i].exit_status, cause_table[i].name, cause_table[i].meaning);
    fprintf(to, "  %d  %-13s %s\n", EXIT_TOOL, "(error)", "wrong command line, or the tool could not do its work");
    fprintf(to, "  %d  %-13s %s\n", EXIT_TARGET, "(target)", "a program failed, or old and new printed different results");
    for (int i = 0; i < GATE_WORD_COUNT; i++)
        if (gate_word_table[i].exit_status != EXIT_OK)
            fprintf(to, "  %d %-13s gate: %s\n", gate_word_table[i].exit_status, gate_word_table[i].name, gate_word_table[i].meaning);
}

/* The verb of that name, NULL when there is none. */
static const struct verb *verb_by_name(const char *name)
{
    for (const struct verb *v = verb_table; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

/* A closed stdin, stdout or stderr must not be the number of a file that is opened later: reports would go into it. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) /* writing there fails, as it should */
            return;
}

/* What was printed must have arrived. */
static int printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_OK;
    perror(PROGRAM ": cannot write stdout");
    return EXIT_TOOL;
}

int main(int argc, char **argv)
{
    static char help[] = "--help";
    hold_standard_descriptors();
    if (argc < 2) {
        usage(stderr);
        return EXIT_TOOL;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf(PROGRAM " %s\n", LTF_VERSION);
        return printed();
    }
    if (strcmp(argv[1], "help") == 0 && argc < 3) {
        usage(stdout);
        return printed();
    }
    if (strcmp(argv[1], "help") == 0) /* `help VERB` is `VERB --help` */
        argv[1] = argv[2], argv[2] = help;
    const struct verb *verb = verb_by_name(argv[1]);
    if (!verb && argv[2] == help) {
        usage(stdout);
        return printed();
    }
    static char name[64];
    if (verb) {
        snprintf(name, sizeof name, PROGRAM " %s", verb->name);
        argc--, argv++;
    } else {
        verb = &verb_table[0];
        snprintf(name, sizeof name, PROGRAM);
    }
    argv[0] = name;
    return verb->run(argc, argv);
}
