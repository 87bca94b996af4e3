package render

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/commonbase"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

// errNoPlane is about a base that has no control plane; its message follows the base's name.
type errNoPlane struct{ what string }

func (e *errNoPlane) Error() string {
	return e.what + ": must be a control plane's base, such as bases/istio/control-plane"
}

// listed is the entry of an overlay's resources that is to be replaced.
func (s *swap) listed(ctx context.Context, o overlay, resources []string) (string, error) {
	var bases []string // whatever may be one
	for _, entry := range resources {
		if allow.IsRemote(entry) || hasKustomization(filepath.Join(o.dir, entry)) {
			bases = append(bases, entry)
		}
	}
	if s.From != "" {
		return s.listedAs(ctx, o, bases)
	}
	var planes []string
	for _, entry := range bases {
		switch err := s.isControlPlane(ctx, o, entry); {
		case err == nil:
			planes = append(planes, entry)
		case !errors.As(err, new(*errNoPlane)):
			return "", fmt.Errorf("resources: %s %w", entry, err)
		}
	}
	switch {
	case len(planes) == 0:
		return "", fmt.Errorf("resources: %s, and none is a control plane's base: must list one, such as bases/istio/control-plane", named(bases))
	case len(planes) > 1:
		return "", fmt.Errorf("resources: %s are control planes' bases: must list one", strings.Join(planes, " and "))
	case identity(filepath.Join(o.dir, planes[0])) == identity(s.To) || planes[0] == s.To:
		return "", fmt.Errorf("resources: lists %s, which is --to already: --to must be another base", planes[0])
	}
	return planes[0], nil
}

// listedAs is the entry that is From.
func (s *swap) listedAs(ctx context.Context, o overlay, bases []string) (string, error) {
	var found []string
	for _, entry := range bases {
		if entry == s.From || !allow.IsRemote(entry) && identity(filepath.Join(o.dir, entry)) == identity(s.From) {
			found = append(found, entry)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("resources: %s, and not %s, which is --from: must list it, or --from must be what it lists", named(bases), s.entry(o, s.From))
	case 1:
		if err := s.isControlPlane(ctx, o, found[0]); err != nil {
			return "", fmt.Errorf("--from: %s %w", s.From, err)
		}
		return found[0], nil
	}
	return "", fmt.Errorf("resources: %s are one base: must list it once", strings.Join(found, " and "))
}

func named(bases []string) string {
	if len(bases) == 0 {
		return "lists no base"
	}
	return "lists " + strings.Join(bases, ", ")
}

// isControlPlane says what is wrong with what an overlay lists, or may list, as a
// control plane's base: it is built as the overlay would build it, alone.
func (s *swap) isControlPlane(ctx context.Context, o overlay, entry string) error {
	key := entry
	if !allow.IsRemote(entry) {
		key = identity(filepath.Join(o.dir, entry))
		if file, found := commonbase.In(key); file != "" {
			return &errNoPlane{fmt.Sprintf("is a common base, which is deployed once per cluster, since %s is in %s", found, filepath.Base(file))}
		}
		if k, _ := kustomizationOf(key); k != nil {
			if tenants, _ := readTenants(key, k.Transformers); len(tenants) > 0 {
				return &errNoPlane{"is the overlay of tenant " + tenants[0].Name()}
			}
		}
	}
	check, _ := s.kinds.LoadOrStore(key, sync.OnceValue(func() error {
		text := fmt.Sprintf("resources:\n- %q\n", entry)
		result, err := s.builder.Build(ctx, build.Request{Dir: o.dir, Within: o.within, Replace: map[string][]byte{kustomizationIn(o.dir): []byte(text)}})
		if err != nil {
			return fmt.Errorf("cannot be built: %w", err)
		}
		objects, err := parsed(result.YAML)
		if err != nil {
			return err
		}
		plane, err := controlplane.Find(objects)
		if errors.Is(err, controlplane.ErrNone) {
			return &errNoPlane{"has " + err.Error()}
		}
		if plane.Deployment != nil {
			if revision, _ := v1alpha1.BaseRevision(plane.Deployment.GetNamespace()); revision != "" {
				return &errNoPlane{fmt.Sprintf("states the revision %s, with which it runs next to another base and replaces none: compare it without a revision", revision)}
			}
		}
		return nil // what else is wrong, the build of the overlay says
	}))
	return check.(func() error)()
}
