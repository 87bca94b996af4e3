// Package frames reads what an API server answers in JSON, without decoding the
// objects: a watch one event at a time, a list as its items' text. Objects are
// forwarded byte for byte, so that unknown fields are kept.
//
// From the body of a watch,
//
//	{"type":"ADDED","object":{"kind":"Service","metadata":{"name":"a","resourceVersion":"17"}}}
//	{"type":"BOOKMARK","object":{"kind":"Service","metadata":{"resourceVersion":"20"}}}
//
// it reads Event{Type: "ADDED", Version: 17, ...} and Event{Type: "BOOKMARK", Version: 20, ...}.
//
// An event is complete, or an error: if the text ends in the middle of an event,
// the error is [io.ErrUnexpectedEOF], and no part of the event is returned.
package frames
