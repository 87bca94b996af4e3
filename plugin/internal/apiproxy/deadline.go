package apiproxy

import (
	"net/http"
	"time"
)

const (
	// longest is how long a watch lasts at most. An API server ends the
	// watches of clients that name no end within the same time.
	longest = time.Hour
	// stalled is how long a client may leave unread what it is sent.
	stalled = time.Minute
)

// deadline is until when a client has to have read what it is sent. A client that
// does not read, and one whose going has not been noticed, would else hold what is
// kept for it for ever.
type deadline struct {
	control *http.ResponseController
	most    time.Duration
	runs    bool
}

func newDeadline(w http.ResponseWriter, most time.Duration) *deadline {
	return &deadline{control: http.NewResponseController(w), most: most}
}

// begin has the time run, unless it does.
func (d *deadline) begin() {
	if !d.runs {
		d.runs = true
		_ = d.control.SetWriteDeadline(time.Now().Add(d.most)) // a writer without one is a test's
	}
}

// flush sends what is written. The time stops once it is sent: over HTTP/2 it
// would end a stream that has nothing to say.
func (d *deadline) flush() error {
	d.begin()
	if err := d.control.Flush(); err != nil {
		return err
	}
	d.runs = false
	return d.control.SetWriteDeadline(time.Time{})
}
