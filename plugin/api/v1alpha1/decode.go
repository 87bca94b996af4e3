package v1alpha1

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

const (
	// KindTenant is the kind of an [IstioTenant].
	KindTenant = "IstioTenant"
	// KindRelease is the kind of an [IstioRelease].
	KindRelease = "IstioRelease"
)

// DecodeTenant reads one YAML document strictly, fills in the defaults and
// validates the result. The error's message has one line per mistake:
//
//	IstioTenant sales: spec.controlPlane.namespce: unknown field; did you mean "namespace"?
func DecodeTenant(data []byte) (IstioTenant, error) {
	var t IstioTenant
	object, p, err := decode(data, KindTenant, &t)
	if err != nil {
		return IstioTenant{}, err
	}
	t.Default()
	p = p.with(t.problems())
	if err := p.err(object); err != nil {
		return IstioTenant{}, err
	}
	return t, nil
}

// DecodeRelease reads one YAML document as strictly as [DecodeTenant]. Hub and
// tag stay empty where they are left out: their defaults belong to the charts.
func DecodeRelease(data []byte) (IstioRelease, error) {
	var r IstioRelease
	object, p, err := decode(data, KindRelease, &r)
	if err != nil {
		return IstioRelease{}, err
	}
	if err := p.err(object); err != nil {
		return IstioRelease{}, err
	}
	return r, nil
}

// decode fills in what can be read of a configuration, so that its meaning can
// be checked beside its structure. object names it in messages.
func decode(data []byte, kind string, into any) (object string, p problems, err error) {
	tree, p := parse(data)
	if tree == nil && len(p) > 0 {
		return "", nil, p.err(kind)
	}
	s, err := compiled[kind]()
	if err != nil {
		return "", nil, fmt.Errorf("schema of %s: %w", kind, err)
	}
	p = p.with(s.check(tree))
	quoteQuantities(tree)
	plain, err := json.Marshal(tree)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", kind, err)
	}
	var wrongType *json.UnmarshalTypeError // is among the problems already
	if err := json.Unmarshal(plain, into); err != nil && !errors.As(err, &wrongType) {
		return "", nil, fmt.Errorf("%s: %w", kind, err)
	}
	return objectName(tree, kind), p, nil
}

// quoteQuantities makes strings of the quantities that YAML takes for numbers, as
// the API server does.
func quoteQuantities(tree any) {
	root, _ := tree.(map[string]any)
	spec, _ := root["spec"].(map[string]any)
	quote(spec["quota"])
	limits, _ := spec["limitRange"].([]any)
	for _, limit := range limits {
		fields, _ := limit.(map[string]any)
		for _, quantities := range fields {
			quote(quantities)
		}
	}
}

func quote(field any) {
	quantities, _ := field.(map[string]any)
	for name, quantity := range quantities {
		switch q := quantity.(type) {
		case int, int64, uint64, float64:
			quantities[name] = fmt.Sprint(q)
		case json.Number:
			quantities[name] = strings.TrimRight(strings.TrimRight(q.String(), "0"), ".")
		}
	}
}

func objectName(tree any, kind string) string {
	root, _ := tree.(map[string]any)
	metadata, _ := root["metadata"].(map[string]any)
	if name, _ := metadata["name"].(string); strictyaml.IsPlain(name) {
		return kind + " " + name
	}
	return kind
}
