package identify

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// text is what a key of a ConfigMap holds.
type text struct {
	configMap *yaml.RNode
	key       string
}

func (t text) value() string { return object.String(t.configMap, "data", t.key) }

func (t text) set(value string) error {
	return object.ReplaceText(t.configMap, value, "data", t.key)
}

func (t text) failed(err error) error {
	return fmt.Errorf("%s: %w", object.IDOf(t.configMap), object.InField("data", t.key, err))
}

// valuesTexts are the charts' values among the control plane's objects.
func (f Filter) valuesTexts(objects []*yaml.RNode) []text {
	var found []text
	for _, o := range object.Of("ConfigMap", objects) {
		if o.GetNamespace() != f.Tenant.Own() {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(istio.RevisionTexts)) {
			if o.GetName() != name && o.GetName() != name+"-"+f.Tenant.Revision() {
				continue
			}
			for _, key := range istio.RevisionTexts[name] {
				if t := (text{o, key}); t.value() != "" {
					found = append(found, t)
				}
			}
		}
	}
	return found
}

// setValues gives the charts' values the tenant's audience.
func (f Filter) setValues(objects []*yaml.RNode) error {
	for _, t := range f.valuesTexts(objects) {
		edited, found, err := jsontext.Replace(t.value(), f.Tenant.TokenAudience(), f.identity.AudienceValue...)
		if err != nil {
			return t.failed(err)
		}
		if !found {
			continue
		}
		if err := t.set(edited); err != nil {
			return t.failed(err)
		}
	}
	return nil
}

// setTemplates gives the templates of Pods that istiod injects and deploys the
// tenant's audience, where they name one. They are text that becomes YAML once
// it is filled in. Beside the control plane, that is every text; elsewhere, a
// text may be an application's own, and is named only.
func (f Filter) setTemplates(objects []*yaml.RNode, audiences []string) error {
	for _, o := range object.Of("ConfigMap", objects) {
		data := object.StringMap(o, "data")
		for _, key := range slices.Sorted(maps.Keys(data)) {
			edited := data[key]
			for _, audience := range audiences {
				edited = replaceAudience(edited, audience, f.Tenant.TokenAudience())
			}
			t := text{o, key}
			switch {
			case edited == data[key]:
			case o.GetNamespace() != f.Tenant.Own():
				f.Tenant.Warn("%s: data[%s]: names tokens of the audience %s, which the tenant's control plane does not take: "+
					"if they are for it, write %q", object.IDOf(o), key, strings.Join(audiences, " or "), f.Tenant.TokenAudience())
			default:
				if err := t.set(edited); err != nil {
					return t.failed(err)
				}
			}
		}
	}
	return nil
}

// replaceAudience replaces an audience in text: "audience: istio-ca", as YAML or
// JSON writes it.
func replaceAudience(text, audience, by string) string {
	if !strings.Contains(text, audience) {
		return text
	}
	field := regexp.MustCompile(`(\baudience["']?[ \t]*:[ \t]*["']?)` + regexp.QuoteMeta(audience) + `(["' \t,}\r\n#]|$)`)
	return field.ReplaceAllString(text, "${1}"+by+"${2}")
}

func dotted(path []string) string { return strings.Join(path, ".") }
