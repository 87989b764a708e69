/* picture.h: a picture's file without what it tells beside the picture: place, camera, author, thumbnail. */
#ifndef WN_NEWS_PICTURE_H
#define WN_NEWS_PICTURE_H

#include "base/err.h"
#include "base/str.h"

#define PICTURE_MAX_BYTES (10u * 1024 * 1024)

enum picture_format { PICTURE_JPEG, PICTURE_PNG, PICTURE_GIF, PICTURE_WEBP };
struct picture {
    enum picture_format format;
    const char *media_type; /* "image/jpeg" */
    const char *extension;  /* "jpg" */
    uint32_t width, height; /* as stored, before any rotation */
};

/* Copies the picture to out (cleared first) part by part without decoding it: what is needed to show it stays
 * (pixels, palette, transparency, animation, colour profile, gamma), and of EXIF the orientation alone; all
 * else goes, and whatever stands behind the picture's end. ERR_INPUT: no picture, or broken, or of a format
 * whose metadata cannot be removed without decoding (SVG, TIFF, HEIC, AVIF, BMP, …: says which); ERR_LIMIT:
 * over PICTURE_MAX_BYTES or 30,000 pixels a side. */
int picture_clean(struct str bytes, struct buf *out, struct picture *about, struct err *err);

#endif
