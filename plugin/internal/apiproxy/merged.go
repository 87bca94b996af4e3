package apiproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/frames"
)

// merged is a request that becomes one for each part.
type merged struct {
	*Proxy
	query
	kind  kind
	parts []part
}

var errAbsent = errors.New("does not exist")

// ask asks for a part. The error is errAbsent where its namespace is not there.
func (m *merged) ask(ctx context.Context, i int, own map[string]string, read func(*http.Response) error) error {
	return m.askFor(ctx, i, m.values, own, read)
}

func (m *merged) askFor(ctx context.Context, i int, of map[string][]string, own map[string]string, read func(*http.Response) error) error {
	p := m.parts[i]
	err := m.upstream.get(ctx, m.header, p.path(m.resource), p.values(of, own), read)
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	switch r.code {
	case http.StatusForbidden, http.StatusNotFound:
		if r.code == http.StatusNotFound {
			m.scopes.forget(m.resource)
		}
		if p.namespace != "" {
			absent, err := m.presence.absent(ctx, m.header, p.namespace)
			if err != nil {
				return err
			}
			if absent {
				return errAbsent
			}
		}
		if r.code == http.StatusForbidden {
			m.metrics.refused(p)
			m.log.Warn("the API server refuses", "resource", m.resource.String(), "part", p.String(), "message", r.message)
		}
	}
	return r.of(p)
}

// now is the version that the API server has; 0 if no part is there.
func (m *merged) now(ctx context.Context) (uint64, error) {
	for i := range m.parts {
		var l frames.List
		err := m.askFor(ctx, i, nil, map[string]string{"limit": "1"}, func(response *http.Response) (err error) {
			l, _, err = readList(response)
			return err
		})
		if errors.Is(err, errAbsent) {
			continue
		}
		return l.Version, err
	}
	return 0, nil
}

func readList(response *http.Response) (frames.List, string, error) {
	defer response.Body.Close() // was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, listMost+1))
	switch {
	case err != nil:
		return frames.List{}, "", unavailable(err)
	case len(body) > listMost:
		return frames.List{}, "", fmt.Errorf("list has more than %d bytes", listMost)
	}
	l, err := frames.ParseList(body)
	return l, response.Header.Get("Content-Type"), err
}

// shape is the kind that the client gets objects in: their own, or another that
// it asked for, such as PartialObjectMetadata.
func (m *merged) shape() (apiVersion, kind string) {
	first, _, _ := strings.Cut(m.header.Get("Accept"), ",")
	if _, params, err := mime.ParseMediaType(first); err == nil && params["as"] != "" {
		return params["g"] + "/" + params["v"], params["as"]
	}
	apiVersion = m.version
	if m.group != "" {
		apiVersion = m.group + "/" + m.version
	}
	kind = m.kind.name
	if !m.watch {
		kind += "List"
	}
	return apiVersion, kind
}
