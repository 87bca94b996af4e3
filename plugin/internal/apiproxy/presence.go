package apiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// lookAgain is how often an absent namespace is looked for.
const lookAgain = 5 * time.Second

// presence knows whether namespaces exist. Each is asked for once at a time, and
// the answer holds for a moment: all watches want it at once.
type presence struct {
	upstream *upstream
	every    time.Duration

	mu    sync.Mutex
	found map[string]*finding
}

type finding struct {
	mu     sync.Mutex
	since  time.Time
	absent bool
}

// absent says whether a namespace is not there, or is about to go: then its
// Roles may be gone before it is. Whoever may not read it is told that it is there.
func (p *presence) absent(ctx context.Context, header http.Header, namespace string) (bool, error) {
	p.mu.Lock()
	f := p.found[namespace]
	if f == nil {
		f = &finding{}
		p.found[namespace] = f
	}
	p.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.since) < p.every/5 {
		return f.absent, nil
	}
	absent, err := p.ask(ctx, header, namespace)
	if err == nil {
		f.absent, f.since = absent, time.Now()
	}
	return absent, err
}

func (p *presence) ask(ctx context.Context, header http.Header, namespace string) (bool, error) {
	header = header.Clone()
	header.Set("Accept", "application/json")
	var object struct {
		Metadata struct{ DeletionTimestamp *string }
	}
	err := p.upstream.get(ctx, header, "/api/v1/namespaces/"+namespace, nil, func(response *http.Response) error {
		defer response.Body.Close() // was only read
		if err := json.NewDecoder(io.LimitReader(response.Body, listMost)).Decode(&object); err != nil {
			return fmt.Errorf("namespace %s: %w", namespace, err)
		}
		return nil
	})
	var r *refusal
	switch {
	case err == nil:
		return object.Metadata.DeletionTimestamp != nil, nil
	case errors.As(err, &r) && r.code == http.StatusNotFound:
		return true, nil
	case errors.As(err, &r) && r.code == http.StatusForbidden:
		return false, nil
	}
	return false, err
}
