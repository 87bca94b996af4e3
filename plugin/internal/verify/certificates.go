package verify

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// soon is how long before its end a certificate is worth a warning.
const soon = 30 * 24 * time.Hour

// certificates looks at the roots that tenants' proxies have, and at those by which the API
// server knows their webhooks. Only the ConfigMaps are read: no Secret of a CA.
func (v *verifier) certificates(ctx context.Context) {
	all := make([][]*x509.Certificate, len(v.configs))
	each(ctx, len(v.configs), func(i int) { all[i] = v.roots(ctx, v.configs[i]) })
	own := map[string][]*x509.Certificate{}
	for i, c := range v.configs {
		own[c.Name()] = all[i]
	}
	each(ctx, len(v.rendered), func(i int) {
		it := v.rendered[i]
		if id := idOf(it.object); id.Group == admissions && strings.HasSuffix(id.Kind, "WebhookConfiguration") {
			v.webhook(ctx, it.tenant, id, own[it.tenant])
		}
	})
}

// published are the roots of a ConfigMap.
type published struct {
	id    object.ID
	roots []*x509.Certificate
}

// roots are those that a tenant's proxies have: all of its namespaces must have the same. During a rotation they
// are two. A tenant without a control plane of a version that writes them has none.
func (v *verifier) roots(ctx context.Context, c snapshot.Config) []*x509.Certificate {
	if !v.writesRoots(c) {
		return nil
	}
	var all []published
	for _, ns := range c.Namespaces() {
		id := object.ID{Kind: "ConfigMap", Namespace: ns, Name: istio.RootConfigMap}
		is, err := v.rootConfig(ctx, id)
		if apierrors.IsNotFound(err) {
			if !v.besides[ns] { // to which not every istiod writes it
				v.report.find(Certificates, check.Error, c.Name(), id, "is missing: istiod must have written it, since proxies know it by this root")
			}
			continue
		}
		if err != nil {
			v.report.miss(Certificates, "get configmaps", err)
			continue
		}
		found, err := rootsOf(is)
		if err != nil {
			v.report.find(Certificates, check.Error, c.Name(), id, "data[%s]: %v", istio.RootKey, err)
			continue
		}
		all = append(all, published{id, found})
	}
	if len(all) == 0 {
		return nil
	}
	if v.besides[all[0].id.Namespace] { // the others are compared with what istiod surely writes
		all = append(all[1:], all[0])
	}
	if !haveSame(all) {
		v.settle(ctx) // istiod may be writing new roots
		for i, g := range all {
			if is, err := v.rootConfig(ctx, g.id); err == nil {
				all[i].roots, _ = rootsOf(is)
			}
		}
	}
	for _, g := range all[1:] {
		if !equal(g.roots, all[0].roots) {
			v.report.find(Certificates, check.Error, c.Name(), g.id, "data[%s]: found %s: must be the root of the tenant's istiod, as in each of its namespaces; %s has %s", istio.RootKey,
				subjects(g.roots), all[0].id, subjects(all[0].roots))
		}
	}
	first := all[0]
	for _, root := range first.roots {
		v.until(c.Name(), first.id, "data["+istio.RootKey+"]", root)
	}
	if len(first.roots) > 1 {
		v.report.find(Certificates, check.Warning, c.Name(), first.id, "data[%s]: found %d roots, %s: must be one, except during a rotation: proxies trust each of them", istio.RootKey, len(first.roots), subjects(first.roots))
	}
	return first.roots
}

func (v *verifier) rootConfig(ctx context.Context, id object.ID) (is map[string]any, err error) {
	r := resource{version: "v1", name: "configmaps", kind: id.Kind, namespaced: true}
	return is, v.client.get(ctx, asJSON, r.path(id.Namespace, id.Name), nil, &is)
}

func rootsOf(config map[string]any) ([]*x509.Certificate, error) {
	return parse([]byte(snapshot.Text(config, "data", istio.RootKey)))
}

func haveSame(all []published) bool {
	return !slices.ContainsFunc(all, func(g published) bool { return !equal(g.roots, all[0].roots) })
}

// equal says whether two lists have the same certificates, in any order.
func equal(a, b []*x509.Certificate) bool { return len(beyond(a, b)) == 0 && len(beyond(b, a)) == 0 }

// beyond are the certificates that another list does not have.
func beyond(all, other []*x509.Certificate) (more []*x509.Certificate) {
	for _, c := range all {
		if !slices.ContainsFunc(other, c.Equal) {
			more = append(more, c)
		}
	}
	return more
}

// writesRoots says whether a tenant's control plane writes its root into namespaces.
func (v *verifier) writesRoots(c snapshot.Config) bool {
	return slices.ContainsFunc(v.planned.Planes, func(p snapshot.Plane) bool {
		mine := p.Object.Tenant() == c.Name() || c.Spec.Mesh == v1alpha1.MeshShared
		version, err := semver.NewVersion(p.Version)
		return mine && err == nil && istio.RootWritten.Holds(version)
	})
}

// webhook looks at a configuration of webhooks.
func (v *verifier) webhook(ctx context.Context, tenant string, id object.ID, roots []*x509.Certificate) {
	is := v.is(ctx, id)
	for _, w := range snapshot.List(is, "webhooks") {
		at := fmt.Sprintf("webhooks[%s].clientConfig.caBundle", snapshot.Text(w, "name"))
		text := snapshot.Text(w, "clientConfig", "caBundle")
		if text == "" && snapshot.Text(w, "clientConfig", "service", "name") == "" {
			continue // called by a URL, whose certificate anybody may have signed
		}
		if text == "" {
			v.report.find(Certificates, check.Error, tenant, id, "%s: is missing: istiod must have written it: the API server cannot call the webhook", at)
			continue
		}
		pemText, err := base64.StdEncoding.DecodeString(text)
		var found []*x509.Certificate
		if err == nil {
			found, err = parse(pemText)
		}
		if err != nil {
			v.report.find(Certificates, check.Error, tenant, id, "%s: %v", at, err)
			continue
		}
		for _, c := range found {
			v.until(tenant, id, at, c)
		}
		if len(roots) == 0 {
			continue
		}
		if !slices.ContainsFunc(found, roots[0].Equal) {
			v.report.find(Certificates, check.Error, tenant, id, "%s: found %s: must be the root of the tenant's istiod, which %s has: the API server cannot call the webhook",
				at, subjects(found), istio.RootConfigMap)
		} else if more := beyond(found, roots); len(more) > 0 {
			v.report.find(Certificates, check.Error, tenant, id, "%s: found %s: must not be there: %s does not have it, and the API server trusts a server that has a certificate of it",
				at, subjects(more), istio.RootConfigMap)
		}
	}
}

func subjects(all []*x509.Certificate) string {
	var names []string
	for _, c := range all {
		sum := sha256.Sum256(c.Raw)
		names = append(names, fmt.Sprintf("%q (SHA-256 %X...)", c.Subject.String(), sum[:8]))
	}
	return strings.Join(names, ", ")
}

// until looks at when a certificate ends.
func (v *verifier) until(tenant string, id object.ID, at string, c *x509.Certificate) {
	now := time.Now()
	v.report.of(tenant, func(t *Tenant) {
		if t.Until.IsZero() || c.NotAfter.Before(t.Until) {
			t.Until = c.NotAfter
		}
	})
	day := c.NotAfter.Format(time.DateOnly)
	switch {
	case now.After(c.NotAfter):
		v.report.find(Certificates, check.Error, tenant, id, "%s: the certificate expired on %s", at, day)
	case now.Before(c.NotBefore):
		v.report.find(Certificates, check.Error, tenant, id, "%s: the certificate is not valid before %s", at, c.NotBefore.Format(time.DateOnly))
	case c.NotAfter.Sub(now) < soon:
		v.report.find(Certificates, check.Warning, tenant, id, "%s: the certificate expires on %s", at, day)
	}
}

// parse reads certificates in PEM: at least one.
func parse(text []byte) (all []*x509.Certificate, err error) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("found something that is not a certificate: %w", err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("found no certificate: must be one in PEM")
	}
	return all, nil
}
