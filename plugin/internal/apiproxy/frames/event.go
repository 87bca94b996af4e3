package frames

import (
	"bytes"
	"fmt"
	"strconv"
)

// The types of events.
const (
	Added    = "ADDED"
	Bookmark = "BOOKMARK"
	Failure  = "ERROR"
)

// initialEventsEnd is the annotation of the bookmark after a WatchList's initial
// events: https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
const initialEventsEnd = "k8s.io/initial-events-end"

// Event is an event of a watch.
type Event struct {
	Type    string
	Version uint64 // the object's resourceVersion; 0 of an ERROR
	Object  []byte // its text, which is valid as long as the frame's
	// APIVersion and Kind are set for a BOOKMARK only.
	APIVersion, Kind string
	// InitialEnd says that a BOOKMARK ends the initial events of a WatchList.
	InitialEnd bool
}

// ParseEvent parses an event.
func ParseEvent(frame []byte) (Event, error) {
	var e Event
	for m, err := range Members(frame) {
		switch {
		case err != nil:
			return e, fmt.Errorf("event %w", err)
		case m.Name == "type":
			if e.Type, err = unquote(m.Value); err != nil {
				return e, fmt.Errorf("event: type: %w", err)
			}
		case m.Name == "object":
			e.Object = m.Value
		}
	}
	switch {
	case e.Object == nil:
		return e, fmt.Errorf("event of type %q has no object", e.Type)
	case e.Type == Failure:
		return e, nil
	}
	if err := e.readObject(); err != nil {
		return e, fmt.Errorf("event of type %q: object: %w", e.Type, err)
	}
	return e, nil
}

func (e *Event) readObject() error {
	for m, err := range Members(e.Object) {
		switch {
		case err != nil:
			return err
		case m.Name == "metadata":
			if err := e.readMetadata(m.Value); err != nil {
				return fmt.Errorf("metadata: %w", err)
			}
			if e.Type != Bookmark && e.Version != 0 {
				return nil // the rest, which is large, says nothing else
			}
		case e.Version == 0 && m.Name == "rows": // of a Table without a version of its own
			if err := e.readRows(m.Value); err != nil {
				return fmt.Errorf("rows: %w", err)
			}
		case e.Type == Bookmark && m.Name == "kind":
			e.Kind, _ = unquote(m.Value)
		case e.Type == Bookmark && m.Name == "apiVersion":
			e.APIVersion, _ = unquote(m.Value)
		}
	}
	if e.Version == 0 {
		return fmt.Errorf("metadata.resourceVersion is missing")
	}
	return nil
}

func (e *Event) readMetadata(metadata []byte) error {
	for m, err := range Members(metadata) {
		switch {
		case err != nil:
			return err
		case m.Name == "resourceVersion":
			if e.Version, err = version(m.Value); err != nil {
				return err
			}
			if e.Type != Bookmark {
				return nil
			}
		case e.Type == Bookmark && m.Name == "annotations":
			for a, err := range Members(m.Value) {
				if err != nil {
					break // null
				}
				e.InitialEnd = e.InitialEnd || a.Name == initialEventsEnd && string(a.Value) == `"true"`
			}
		}
	}
	return nil
}

func (e *Event) readRows(rows []byte) error {
	for row, err := range Items(rows) {
		if err != nil {
			return err
		}
		for m, err := range Members(row) {
			if err != nil {
				return err
			}
			if m.Name != "object" {
				continue
			}
			for m, err := range Members(m.Value) {
				if err != nil {
					return err
				}
				if m.Name == "metadata" {
					return e.readMetadata(m.Value)
				}
			}
		}
	}
	return nil
}

// version is a resourceVersion; "" is 0.
func version(text []byte) (uint64, error) {
	s, err := unquote(text)
	if err != nil || s == "" {
		return 0, err
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("resourceVersion: found %q: must be a number", s)
	}
	return v, nil
}

// AppendBookmark appends a bookmark at a version, for the kind of another.
func AppendBookmark(to []byte, apiVersion, kind string, version uint64, initialEnd bool) []byte {
	to = append(to, `{"type":"BOOKMARK","object":{"kind":`...)
	to = strconv.AppendQuote(to, kind)
	to = append(to, `,"apiVersion":`...)
	to = strconv.AppendQuote(to, apiVersion)
	to = append(to, `,"metadata":{"resourceVersion":"`...)
	to = strconv.AppendUint(to, version, 10)
	to = append(to, `","creationTimestamp":null`...)
	if initialEnd {
		to = append(to, `,"annotations":{"`+initialEventsEnd+`":"true"}`...)
	}
	return append(to, "}}}\n"...)
}

// AppendEvent appends an event that has the object.
func AppendEvent(to []byte, kind string, object []byte) []byte {
	to = append(to, `{"type":"`...)
	to = append(to, kind...)
	to = append(to, `","object":`...)
	to = append(to, bytes.TrimSpace(object)...)
	return append(to, "}\n"...)
}
