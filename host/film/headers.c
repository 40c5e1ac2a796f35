/* SPDX-License-Identifier: MIT */
#include "film/headers.h"

#include <string.h>

#include "base/error.h"

cbx_status cbx_headers_set(AVCodecParameters *parameters, const uint8_t *bytes, size_t size) {
    parameters->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!parameters->extradata) {
        return cbx_fail(CBX_NO_MEMORY, "no memory to describe the film");
    }
    memcpy(parameters->extradata, bytes, size);
    parameters->extradata_size = (int)size;
    return CBX_OK;
}
