package apiproxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// refusal is an answer that is no success: the API server's, or the proxy's own.
type refusal struct {
	code       int
	reason     string
	message    string
	retryAfter string
	body       []byte // the API server's Status, if it was one
}

func (r *refusal) Error() string { return r.message }

// expired tells a client that it must list anew.
func expired(format string, args ...any) *refusal {
	return &refusal{code: http.StatusGone, reason: "Expired", message: fmt.Sprintf(format, args...)}
}

// unavailable is the answer while the API server cannot be reached. Clients try
// again by themselves at 429, and not at 503.
func unavailable(err error) *refusal {
	return &refusal{
		code: http.StatusTooManyRequests, reason: "TooManyRequests", retryAfter: "1",
		message: "the API server cannot be reached: " + err.Error(),
	}
}

// tooLarge is the API server's answer to who asks for a version that is yet to come.
func tooLarge(asked, now uint64) *refusal {
	return &refusal{
		code: http.StatusGatewayTimeout, retryAfter: "1", message: fmt.Sprintf("Too large resource version: %d, current: %d", asked, now),
		body: []byte(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","reason":"Timeout","code":504,"details":{"retryAfterSeconds":1,` +
			`"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}]}}`),
	}
}

// late is the answer to a request whose time is over.
func late() *refusal {
	return &refusal{
		code: http.StatusGatewayTimeout, reason: "Timeout", retryAfter: "1",
		message: "the API server has not answered within the time that the request has",
	}
}

// of says which part a refusal is about.
func (r *refusal) of(p part) *refusal {
	to := *r
	to.message = p.String() + ": " + r.message
	return &to
}

// status is the refusal as an object of the API.
func (r *refusal) status() []byte {
	fields := map[string]any{}
	if json.Unmarshal(r.body, &fields) != nil || fields["kind"] != "Status" {
		fields = map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure", "code": r.code}
		if r.reason != "" {
			fields["reason"] = r.reason
		}
		if seconds, err := strconv.Atoi(r.retryAfter); err == nil {
			fields["details"] = map[string]any{"retryAfterSeconds": seconds}
		}
	}
	fields["message"] = r.message
	text, err := json.Marshal(fields)
	if err != nil { // of strings and numbers it never is
		return []byte(`{"kind":"Status","apiVersion":"v1","status":"Failure"}`)
	}
	return text
}

func (r *refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	if r.retryAfter != "" {
		w.Header().Set("Retry-After", r.retryAfter)
	}
	if r.code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(r.code)
	_, _ = w.Write(append(r.status(), '\n')) //nolint:gosec // it is JSON; a client that is gone needs no answer
}
