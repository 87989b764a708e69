/* target.h: the one function of a fuzz target, under the name that libFuzzer calls. */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input; unlike assert() it is there in every build. */
#define MUST(condition) ((condition) ? (void)0 : (fprintf(stderr, "broken: %s\n", #condition), abort()))

#endif
