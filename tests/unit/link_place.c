/* From a linker's map to places and a script: what GNU ld prints is read, and what is written says where things go. */
#include "layout/link_order.h"
#include "layout/link_place.h"
#include "tap.h"

static struct arena *arena;

/* As GNU ld 2.40 prints it: a long name takes a line of its own, sections without bytes and fillings take no place. */
static const char old_map[] = "Discarded input sections\n"
                              "\n"
                              " .text.gone     0x0000000000000000       0x40 a.o\n"
                              "\n"
                              "Linker script and memory map\n"
                              "\n"
                              "LOAD a.o\n"
                              ".text           0x0000000000001050      0x1c4\n"
                              " *(.text.unlikely .text.*_unlikely .text.unlikely.*)\n"
                              " .text.unlikely.complain\n"
                              "                0x0000000000001050        0x4 a.o\n"
                              "                0x0000000000001050                complain\n"
                              " *fill*         0x0000000000001054        0xc \n"
                              " .text          0x0000000000001060        0x0 a.o\n"
                              " .text.walk     0x0000000000001060       0x50 a.o\n"
                              "                0x0000000000001060                walk\n"
                              " .text.step     0x00000000000010b0       0x10 /usr/lib/my x/libx.a(b c.o)\n"
                              " .text.step     0x00000000000010c0       0x20 a.o\n"
                              "\n"
                              ".rodata         0x0000000000002000       0x20\n"
                              " .rodata.str1.1\n"
                              "                0x0000000000002000        0x4 a.o\n"
                              "                                          0x8 (size before relaxing)\n"
                              " .rodata.names  0x0000000000002010       0x10 a.o\n";

static const char new_map[] = "\nLinker script and memory map\n\n"
                              ".text           0x0000000000001050      0x1c4\n"
                              " .text.unlikely.complain\n"
                              "                0x0000000000001050        0x4 a.o\n"
                              " .text.walk     0x0000000000001060       0x90 a.o\n"
                              " .text.added    0x00000000000010f0       0x30 a.o\n"
                              " .text.step     0x0000000000001120       0x10 lib/libx.a(b c.o)\n"
                              " .text.step     0x0000000000001130       0x20 a.o\n";

static const char script[] = "SECTIONS\n{\n  .init           : { KEEP (*(.init)) }\n  .text.other : { *(.text.other) }\n  .text           :\n  {\n    *(.text .text.*)\n  }\n"
                             "  .rodata         : { *(.rodata .rodata.*) }\n}\n";

static void test_map(void)
{
    struct link_map map = link_map_read(arena, old_map);
    ok(map.count == 6, "pieces with a place are read, discarded and empty ones are not (%zu)", map.count);
    ok(strcmp(map.pieces[0].section, ".text.unlikely.complain") == 0 && map.pieces[0].address == 0x1050 && map.pieces[0].size == 4,
       "a long name has its place on the next line");
    ok(strcmp(map.pieces[2].file, "/usr/lib/my x/libx.a(b c.o)") == 0, "blanks belong to a file's name");
    ok(map.pieces[1].unique && !map.pieces[2].unique && !map.pieces[3].unique, "names that two files use are known");
    ok(strcmp(map.pieces[5].output, ".rodata") == 0, "each piece knows its output section");
    ok(link_map_read(arena, "no map at all\n").count == 0, "something else is no map");
}

static void test_verbose(void)
{
    const char *bar = "==================================================";
    const char *said = arena_printf(arena, "GNU ld 2.40\nusing internal linker script:\n%s\nSECTIONS { }\n\n%s\nattempt to open a.o\n", bar, bar);
    const char *found = link_script_in(arena, said);
    ok(found && strcmp(found, "SECTIONS { }\n\n") == 0, "the script is taken from between the bars");
    ok(!link_script_in(arena, "ld.lld: a.o\n"), "another linker prints none");
}

static const struct link_place *place_of(const struct link_places *places, const char *section, uint64_t size)
{
    for (size_t i = 0; i < places->count; i++)
        if (strcmp(places->items[i].piece->section, section) == 0 && places->items[i].piece->size == size)
            return &places->items[i];
    return NULL;
}

static void test_places(void)
{
    struct link_map maps[2] = { link_map_read(arena, old_map), link_map_read(arena, new_map) };
    struct link_places places[2];
    int orders = 0;
    for (unsigned number = 0; number < 8; number++) {
        struct layout_wish wish = { .family = number % 2 ? FAMILY_PAD : FAMILY_ORDER, .seed = 5, .number = number };
        link_place(arena, maps, &link_sections[0], &wish, places);
        const struct link_place *walk[2] = { place_of(&places[0], ".text.walk", 0x50), place_of(&places[1], ".text.walk", 0x90) };
        const struct link_place *step[2] = { place_of(&places[0], ".text.step", 0x20), place_of(&places[1], ".text.step", 0x20) };
        ok(walk[0]->offset == walk[1]->offset && step[0]->offset == step[1]->offset, "layout %u puts what both have at the same offset", number);
        ok(step[0]->offset >= walk[0]->offset + 0x90 || walk[0]->offset >= step[0]->offset + 0x20, "in room for the larger of the two");
        ok(places[0].count == 4 && places[1].count == 5, "and nothing is lost");
        ok(place_of(&places[0], ".text.unlikely.complain", 4)->offset < walk[0]->offset, "cold code stays in front of plain code");
        orders += step[0]->offset < walk[0]->offset;
    }
    ok(orders > 0 && orders < 8, "orders differ from layout to layout (%d of 8)", orders);
    struct layout_wish wish = { .family = FAMILY_OLD_PLACE };
    link_place(arena, maps, &link_sections[0], &wish, places);
    ok(place_of(&places[0], ".text.walk", 0x50)->offset == 0x60, "a transplant leaves the host where it is");
    ok(place_of(&places[1], ".text.step", 0x10)->offset == 0xb0, "and puts the guest's there");
    ok(place_of(&places[1], ".text.walk", 0x90)->offset % 4096 == 0x60 && place_of(&places[1], ".text.walk", 0x90)->offset >= 4096,
       "what has grown into its neighbour's place goes behind all, at the same place in the page");
    link_place(arena, maps, &link_sections[1], &wish, places);
    ok(places[0].count == 1 && strcmp(places[0].items[0].piece->section, ".rodata.names") == 0, "merged strings are left to the linker");
}

static void test_script(void)
{
    struct link_map map = link_map_read(arena, old_map);
    struct link_place items[] = { { &map.pieces[3], 0x10 }, { &map.pieces[2], 0x40 }, { &map.pieces[1], 0x80 } };
    struct link_places places = { items, 3 };
    const char *made = link_script_place(arena, script, ".text", &places);
    ok(made && strstr(made, "  . = ALIGN(0x1000);\n  .text           :\n  {\n    . = MAX(., 0x10); \"a.o\"(.text.step)\n"
                            "    . = MAX(., 0x40); \"/usr/lib/my x/libx.a:b c.o\"(.text.step)\n    . = MAX(., 0x80); *(.text.walk)\n\n    *(.text .text.*)\n  }\n"),
       "the section begins on a page, pieces follow by offset, the old contents last");
    ok(strstr(made, ".init           : { KEEP (*(.init)) }\n  .text.other : {"), "other sections stay as they were");
    ok(!link_script_place(arena, script, ".bss", &places), "a section that the script lacks is not invented");
}

static void test_remedy(void)
{
    struct link_map map = link_map_read(arena, old_map);
    struct layout_remedy place = { .kind = REMEDY_PLACE, .name = "walk", .phase = 27 };
    const char *made = link_script_remedy(arena, script, &map, &place);
    ok(made && strstr(made, "  {\n    *(.text.unlikely.complain)\n    . = ALIGN(64) + 27; *(.text.walk)\n    \"/usr/lib/my x/libx.a:b c.o\"(.text.step)\n"),
       "one function is put into its place in the line, all others follow as they were");
    const char *names[] = { "walk", "complain" };
    struct layout_remedy order = { .kind = REMEDY_HOT, .order = names, .order_count = 2 };
    made = link_script_remedy(arena, script, &map, &order);
    ok(made && strstr(made, "  {\n    *(.text.walk)\n    *(.text.unlikely.complain)\n    \"/usr"), "functions are put into an order, the others keep theirs");
    static const char with_data[] = "SECTIONS\n{\n  .text : { *(.text) }\n  .rodata : { *(.rodata) }\n}\n";
    struct layout_remedy pad = { .kind = REMEDY_PAD, .name = "names" }, line = { .kind = REMEDY_VARIABLE, .name = "names" };
    made = link_script_remedy(arena, with_data, &map, &pad);
    ok(made && strstr(made, "  .rodata : {\n    . += 64; *(.rodata.names)\n"), "64 bytes go in front of an array in the section that it is in (%s)", made ? made : "-");
    made = link_script_remedy(arena, with_data, &map, &line);
    ok(made && strstr(made, ". = ALIGN(64); *(.rodata.names)\n"), "a variable begins on a border");
    pad.name = "walk";
    ok(!link_script_remedy(arena, with_data, &map, &pad), "a function is no array");
    struct layout_remedy nobody = { .kind = REMEDY_ALIGN, .name = "alk" };
    ok(!link_script_remedy(arena, script, &map, &nobody), "a function without a section of its own cannot be placed");
}

static void test_order(void)
{
    static const char *const some[] = { "a", "b", "c", "d", "e", "f" }, *const others[] = { "f", "x", "e", "d", "c", "b", "a" };
    const char *one = link_order(arena, some, 6, 3, 0), *two = link_order(arena, others, 7, 3, 0);
    char *without = arena_strdup(arena, two), *x = strstr(without, "x\n");
    ok(strlen(one) == 12 && strlen(two) == 14 && x, "every name has a line");
    memmove(x, x + 2, strlen(x + 2) + 1);
    is_str(without, one, "what two programs share comes in the same order in both");
    ok(strcmp(one, link_order(arena, some, 6, 3, 1)) != 0 && strcmp(one, link_order(arena, some, 6, 4, 0)) != 0, "another number or seed draws another order");
    is_str(link_order(arena, some, 0, 3, 0), "", "no names, no lines");
}

int main(void)
{
    arena = arena_new();
    test_map();
    test_verbose();
    test_places();
    test_script();
    test_remedy();
    test_order();
    arena_free(arena);
    return done_testing();
}
