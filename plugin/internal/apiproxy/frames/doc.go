// Package frames reads what an API server answers in JSON, without decoding the
// objects: a watch one event at a time, a list as its items' text. Objects are
// handed on byte for byte, so that a field that nobody here knows is kept.
//
// In goes the body of a watch:
//
//	{"type":"ADDED","object":{"kind":"Service","metadata":{"name":"a","resourceVersion":"17"}}}
//	{"type":"BOOKMARK","object":{"kind":"Service","metadata":{"resourceVersion":"20"}}}
//
// out come Event{Type: "ADDED", Version: 17, ...}, Event{Type: "BOOKMARK", Version: 20, ...}.
//
// An event is whole or an error: what breaks off in its middle is
// [io.ErrUnexpectedEOF], and nothing of it is returned.
package frames
