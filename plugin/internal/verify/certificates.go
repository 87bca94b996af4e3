package verify

import (
	"context"
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
	roots := make([]*x509.Certificate, len(v.configs))
	each(ctx, len(v.configs), func(i int) { roots[i] = v.root(ctx, v.configs[i]) })
	own := map[string]*x509.Certificate{}
	for i, c := range v.configs {
		if roots[i] != nil {
			own[c.Name()] = roots[i]
		}
	}
	each(ctx, len(v.rendered), func(i int) {
		it := v.rendered[i]
		if id := idOf(it.object); id.Group == admissions && strings.HasSuffix(id.Kind, "WebhookConfiguration") {
			v.webhook(ctx, it.tenant, id, own[it.tenant])
		}
	})
}

// root is the root that a tenant's proxies have, if all of its application namespaces have one and the
// same. A tenant without a control plane of a version that writes it has none.
func (v *verifier) root(ctx context.Context, c snapshot.Config) (root *x509.Certificate) {
	if !v.writesRoots(c) {
		return nil
	}
	r := resource{version: "v1", name: "configmaps", kind: "ConfigMap", namespaced: true}
	for _, ns := range c.Spec.ApplicationNamespaces {
		id := object.ID{Kind: r.kind, Namespace: ns, Name: istio.RootConfigMap}
		var is map[string]any
		err := v.client.get(ctx, asJSON, r.path(ns, istio.RootConfigMap), nil, &is)
		if apierrors.IsNotFound(err) {
			v.report.find(Certificates, check.Error, c.Name(), id, "is missing: istiod must have written it, since proxies know it by this root")
			continue
		}
		if err != nil {
			v.report.miss(Certificates, "get configmaps", err)
			continue
		}
		found, err := parse([]byte(snapshot.Text(is, "data", istio.RootKey)))
		if err != nil {
			v.report.find(Certificates, check.Error, c.Name(), id, "data[%s]: %v", istio.RootKey, err)
			continue
		}
		v.until(c.Name(), id, "data["+istio.RootKey+"]", found[0])
		if root != nil && !root.Equal(found[0]) {
			v.report.find(Certificates, check.Error, c.Name(), id, "data[%s]: found another root than in %s: must be that of the tenant's istiod", istio.RootKey, c.Spec.ApplicationNamespaces[0])
			continue
		}
		root = found[0]
	}
	return root
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
func (v *verifier) webhook(ctx context.Context, tenant string, id object.ID, root *x509.Certificate) {
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
		if root != nil && !slices.ContainsFunc(found, root.Equal) {
			v.report.find(Certificates, check.Error, tenant, id, "%s: found %s: must be the root of the tenant's istiod, which %s has: the API server cannot call the webhook",
				at, subjects(found), istio.RootConfigMap)
		}
	}
}

func subjects(all []*x509.Certificate) string {
	var names []string
	for _, c := range all {
		names = append(names, fmt.Sprintf("%q", c.Subject.String()))
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
