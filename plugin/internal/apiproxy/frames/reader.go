package frames

import (
	"errors"
	"fmt"
	"io"
)

const (
	least  = 2 << 10  // bytes of a buffer: there are thousands of watches, and most are silent
	keep   = 32 << 10 // a buffer that has grown beyond is given back
	growth = 2
)

// ErrTooLarge is the error for a frame that is larger than the reader's limit.
var ErrTooLarge = errors.New("is too large")

// Reader splits a stream into JSON objects, whether or not there is white space
// between them.
type Reader struct {
	from io.Reader
	most int
	buf  []byte
	// The frame is buf[start:], of which buf[start:seen] has been looked at.
	start, seen      int
	depth            int
	inString, escape bool
	failed           error
}

// NewReader returns a reader of frames of at most that many bytes.
func NewReader(from io.Reader, most int) *Reader { return &Reader{from: from, most: most} }

// Next returns the next frame, which is valid until the next call. It is
// [io.EOF] at the end of a stream, [io.ErrUnexpectedEOF] in the middle of a
// frame, [ErrTooLarge], or what the stream fails with.
func (r *Reader) Next() ([]byte, error) {
	for {
		end, err := r.scan()
		if err != nil {
			return nil, err
		}
		if end > 0 {
			frame := r.buf[r.start:end:end]
			r.start = end
			return frame, nil
		}
		if r.failed != nil {
			if errors.Is(r.failed, io.EOF) && r.depth > 0 {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, r.failed
		}
		if len(r.buf)-r.start > r.most {
			return nil, fmt.Errorf("event %w: has more than %d bytes", ErrTooLarge, r.most)
		}
		r.fill()
	}
}

// scan looks for the end of the frame; 0: it is not there yet.
func (r *Reader) scan() (end int, err error) {
	for ; r.seen < len(r.buf); r.seen++ {
		c := r.buf[r.seen]
		switch {
		case r.escape:
			r.escape = false
		case r.inString:
			r.inString, r.escape = c != '"', c == '\\'
		case r.depth == 0 && c == '{':
			r.start, r.depth = r.seen, 1
		case r.depth == 0 && space([]byte{c}) == 1:
			r.start = r.seen + 1
		case r.depth == 0:
			return 0, fmt.Errorf("event %w: begins with %q", ErrSyntax, c)
		case c == '"':
			r.inString = true
		case c == '{' || c == '[':
			r.depth++
		case c == '}' || c == ']':
			if r.depth--; r.depth == 0 {
				r.seen++
				return r.seen, nil
			}
		}
	}
	return 0, nil
}

// fill reads more behind what is there.
func (r *Reader) fill() {
	rest := len(r.buf) - r.start
	switch {
	case rest == 0 && cap(r.buf) > keep:
		r.buf = make([]byte, 0, least)
	case r.start > 0:
		r.buf = append(r.buf[:0], r.buf[r.start:]...)
	}
	r.seen -= r.start
	r.start = 0
	if len(r.buf) == cap(r.buf) {
		r.buf = append(make([]byte, 0, max(least, growth*cap(r.buf))), r.buf...)
	}
	n, err := r.from.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf, r.failed = r.buf[:len(r.buf)+n], err
}
