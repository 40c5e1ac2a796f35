/* SPDX-License-Identifier: MIT */
/* What the job needs of a film beyond the public calls. */
#ifndef CBX_FILM_FILM_H
#define CBX_FILM_FILM_H

#include "base/files.h"
#include "clearbox/film.h"
#include "film/parameter_sets.h"
#include "film/spool.h"

/* The names of x264's presets, ended by NULL. */
extern const char *const cbx_x264_presets[];

/* "auto", and the names of all encoders, whether they are there or not, ended by NULL. */
extern const char *const cbx_film_encoder_names[];

/* The one that takes frames where they are drawn. */
#define CBX_DEVICE_ENCODER "device"

/* Writes the names of those that cbx_film_open() could use, "libx264 and mpeg4", or "none": all,
 * those that run everywhere, or those that a GPU must have. */
typedef enum cbx_encoder_place { CBX_ANYWHERE, CBX_IN_SOFTWARE, CBX_IN_HARDWARE } cbx_encoder_place;
void cbx_film_list_encoders(char *out, size_t size, cbx_encoder_place place);

/* Whether that is a name, rather than NULL or "auto", which leave the choice. */
int cbx_film_is_encoder_named(const char *encoder);

/* Whether it is that of the device. */
int cbx_film_is_by_device(const char *encoder);

/* Whether a film at `path` is a regular file, or would be; else it cannot be read again. */
int cbx_film_is_file(const char *path);

/* Whether the name of a film ends like those of a container. */
int cbx_film_ending_says(const char *path);

/* What a film with these settings, which must have passed cbx_film_check_wishes(), becomes,
 * and whose work that is: a static name. */
cbx_codec cbx_film_codec_of(const cbx_film_settings *settings);
const char *cbx_film_encoder_of(const cbx_film_settings *settings);
/* At which quality. */
int cbx_film_quality_of(const cbx_film_settings *settings);

/* Frames of a group in a film of these settings that libavcodec encodes. */
uint32_t cbx_film_group_of(const cbx_film_settings *settings);

/* cbx_film_check() of all but whether the encoder is there. */
cbx_status cbx_film_check_wishes(const cbx_film_settings *settings);

/* cbx_film_open() on an output that is open already; it becomes the film's in every
 * case. The settings must have passed cbx_film_check(). */
cbx_status cbx_film_open_on(cbx_film **out, cbx_output *output, const cbx_film_settings *settings,
                            const uint8_t *cb, const uint8_t *cr);

/* A film whose frames come encoded. It is finished and discarded as others are, but has no
 * workers: cbx_film_push(), cbx_film_group_frames() and cbx_film_ring_frames() are not for it.
 * The output becomes the film's in every case. Of the settings, which must have passed
 * cbx_film_check_wishes(), only container and tags are looked at. CBX_CANNOT_CREATE,
 * CBX_CANNOT_WRITE, CBX_NO_ENCODER, CBX_NO_MEMORY. */
cbx_status cbx_film_open_encoded(cbx_film **out, cbx_output *output, const cbx_stream *stream,
                                 const cbx_film_settings *settings);

/* The same of frames as a spool has them, also libavcodec's. */
cbx_status cbx_film_open_spooled(cbx_film **out, cbx_output *output, const cbx_spool_head *head,
                                 const cbx_film_settings *settings);

/* The next frame of such a film, as a sample of an mp4 file: NAL units, a big-endian length of 4
 * bytes before each; borrowed for the time of the call. `key`: nothing before it is needed to
 * decode it, as it must be for the first. The first failure is that of all later calls, and of
 * cbx_film_finish().
 *
 * The level in the file is the lowest for the size, the rate, and the bits of all frames. A pipe
 * cannot be rewritten, and has the level of size and rate. */
cbx_status cbx_film_append(cbx_film *film, const uint8_t *sample, size_t bytes, int key);

/* Whether what is made of a film's frames can be taken up by another: not a picture that is animated,
 * whose frames are made for those before them. */
int cbx_film_can_spool(const cbx_film *film);

/* Notes who encodes a film, and what it says of that, lent as long as there is the film. */
void cbx_film_describe(const cbx_film *film, cbx_spool_head *head);

/* Frames that are encoded from now on go there, too, those of libavcodec a group at a time; before the first
 * frame, borrowed until the film is finished or discarded. */
void cbx_film_spool(cbx_film *film, cbx_spool *spool);

/* Appends the next frames of a spool, `most` at most; *taken tells how many whole ones there were. */
cbx_status cbx_film_take(cbx_film *film, cbx_spool *spool, uint64_t most, uint64_t *taken);

/* Before the end: another comment than that of the settings, which is only known now. It is in an
 * mp4 that is a regular file; others have written theirs, and keep it. CBX_NO_MEMORY. */
cbx_status cbx_film_comment(cbx_film *film, const char *comment);

/* No frame will follow; the encoders go on by themselves. To be followed by
 * cbx_film_finish() or cbx_film_discard(). */
void cbx_film_end(cbx_film *film);

/* Frames that were handed over and are not yet in the file. */
uint64_t cbx_film_unwritten(cbx_film *film);

#endif
