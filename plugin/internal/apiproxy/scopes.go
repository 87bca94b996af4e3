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

// believed is how long what the API server says of a group is believed. A kind
// that is deleted and made anew may have another scope.
const believed = 5 * time.Minute

// kind is what the API server's discovery says of a resource.
type kind struct {
	name       string
	namespaced bool
}

// scopes know which resources have a namespace: the API server says it, to each
// token.
type scopes struct {
	upstream *upstream

	mu     sync.Mutex
	groups map[string]group // by path
}

type group struct {
	kinds map[string]kind
	since time.Time
}

// errUnknown is the error of a resource that the API server has not.
var errUnknown = errors.New("the server could not find the requested resource")

// find looks a resource up. What is not known is asked for again each time, so
// that a kind that is installed later is found.
func (s *scopes) find(ctx context.Context, header http.Header, r resource) (kind, error) {
	path := r.root()
	s.mu.Lock()
	g, found := s.groups[path]
	s.mu.Unlock()
	if k, known := g.kinds[r.name]; found && known && time.Since(g.since) < believed {
		return k, nil
	}
	kinds, err := s.ask(ctx, header, path)
	if err != nil {
		return kind{}, err
	}
	s.mu.Lock()
	s.groups[path] = group{kinds, time.Now()}
	s.mu.Unlock()
	k, known := kinds[r.name]
	if !known {
		return kind{}, errUnknown
	}
	return k, nil
}

// forget has the group of a resource asked for again.
func (s *scopes) forget(r resource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, r.root())
}

func (s *scopes) ask(ctx context.Context, header http.Header, path string) (map[string]kind, error) {
	header = header.Clone()
	header.Set("Accept", "application/json")
	var list struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	err := s.upstream.get(ctx, header, path, nil, func(response *http.Response) error {
		defer response.Body.Close() // was only read
		if err := json.NewDecoder(io.LimitReader(response.Body, listMost)).Decode(&list); err != nil {
			return fmt.Errorf("%s: discovery: %w", path, err)
		}
		return nil
	})
	var r *refusal
	if errors.As(err, &r) && r.code == http.StatusNotFound {
		return nil, errUnknown
	}
	if err != nil {
		return nil, err
	}
	kinds := map[string]kind{}
	for _, resource := range list.Resources {
		kinds[resource.Name] = kind{resource.Kind, resource.Namespaced}
	}
	return kinds, nil
}
