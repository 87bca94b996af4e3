package apiproxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// bodyMost is as much as an API server takes at once, and some more.
const bodyMost = 4 << 20

// hasBody refuses a list or a watch with a body. As long as a body over HTTP/1.1
// is not read, nobody notices that the client has gone, and the watch would go on.
func hasBody(r *http.Request) *refusal {
	if r.ContentLength == 0 && len(r.TransferEncoding) == 0 {
		return nil
	}
	return &refusal{
		code: http.StatusBadRequest, reason: "BadRequest",
		message: "the request has a body: a " + r.Method + " of a list or a watch must have none",
	}
}

// readBody reads a request's body before the request goes on. An API server may
// refuse a write before it has read it. A client stops sending at that, and over
// HTTP/2 a ReverseProxy that still reads would wait for the rest, and never end
// its answer.
func readBody(w http.ResponseWriter, r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMost))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &refusal{
			code: http.StatusRequestEntityTooLarge, reason: "RequestEntityTooLarge",
			message: "the request is larger than any that an API server takes",
		}
	case err != nil:
		return &refusal{code: http.StatusBadRequest, reason: "BadRequest", message: "the request's body: " + err.Error()}
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	return nil
}
