package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Key is a tenant with placeholders, "{0}" and so on, for its names. Tenants of
// equal Texts have equal keys.
type Key struct {
	Text         string
	tenant       v1alpha1.IstioTenant
	placeholders int
}

// Of returns a tenant's key and the names for its placeholders. The error says why
// its names are not such that they can be filled in.
func Of(tenant v1alpha1.IstioTenant) (key Key, names []string, err error) {
	key.tenant = clone(tenant)
	key.tenant.Spec.AcceptDomainNames = nil // was heeded when the tenant was read, and made-up names are no domains
	for _, f := range fields(&key.tenant) {
		if *f.value == "" {
			continue
		}
		if !isPlain(*f.value) {
			return Key{}, nil, fmt.Errorf("the name %q, %s, is written otherwise in YAML or JSON, or means something to Istio", *f.value, f.path)
		}
		pattern := *f.value
		for i, name := range names {
			pattern = replaceWord(pattern, name, placeholder(i))
		}
		if pattern == *f.value {
			pattern = placeholder(len(names))
			names = append(names, *f.value)
		}
		*f.value = pattern
	}
	if len(names) > maxPlaceholders {
		return Key{}, nil, fmt.Errorf("it has %d names, which are more than %d", len(names), maxPlaceholders)
	}
	if err := overlap(names, key.tenant); err != nil {
		return Key{}, nil, err
	}
	text, err := json.Marshal(key.tenant)
	if err != nil {
		return Key{}, nil, err
	}
	key.Text, key.placeholders = string(text), len(names)
	return key, names, nil
}

func clone(t v1alpha1.IstioTenant) v1alpha1.IstioTenant {
	s := &t.Spec
	s.ApplicationNamespaces = slices.Clone(s.ApplicationNamespaces)
	s.ControlPlane.Revisions = slices.Clone(s.ControlPlane.Revisions)
	for i, r := range s.ControlPlane.Revisions {
		s.ControlPlane.Revisions[i].ApplicationNamespaces = slices.Clone(r.ApplicationNamespaces)
	}
	s.Admins, s.Viewers = slices.Clone(s.Admins), slices.Clone(s.Viewers)
	s.Network.AllowFrom = slices.Clone(s.Network.AllowFrom)
	return t
}

// field is a place for a name.
type field struct {
	value *string
	path  string // in the schema; see limits
}

// fields are the names in a tenant. The rest of it is part of the key.
func fields(t *v1alpha1.IstioTenant) []field {
	s := &t.Spec
	all := []field{{&t.Metadata.Name, "metadata.name"}}
	if s.Mesh != v1alpha1.MeshShared { // whose control plane is not its own
		all = append(all,
			field{&s.ControlPlane.Namespace, "spec.controlPlane.namespace"},
			field{&s.ControlPlane.Revision, "spec.controlPlane.revision"},
			field{&s.ControlPlane.TrustDomain, "spec.controlPlane.trustDomain"})
	}
	for i := range s.ApplicationNamespaces {
		all = append(all, field{&s.ApplicationNamespaces[i], "spec.applicationNamespaces[]"})
	}
	for i := range s.ControlPlane.Revisions {
		for j := range s.ControlPlane.Revisions[i].ApplicationNamespaces {
			all = append(all, field{&s.ControlPlane.Revisions[i].ApplicationNamespaces[j], "spec.controlPlane.revisions[].applicationNamespaces[]"})
		}
	}
	subjects := func(list []v1alpha1.Subject, path string) {
		for i := range list {
			all = append(all, field{&list[i].Name, path + ".name"}, field{&list[i].Namespace, path + ".namespace"})
		}
	}
	subjects(s.Admins, "spec.admins[]")
	subjects(s.Viewers, "spec.viewers[]")
	for i := range s.Network.AllowFrom {
		all = append(all, field{&s.Network.AllowFrom[i], "spec.network.allowFrom[]"})
	}
	return all
}

func placeholder(i int) string { return "{" + strconv.Itoa(i) + "}" }

// plain are names that YAML and JSON write as they are, alone and in the midst
// of other text, but for the words that YAML 1.1 reads as something else.
var plain = regexp.MustCompile(`^[a-z]([A-Za-z0-9@._:/-]*[A-Za-z0-9])?$`)

var words = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// special are names that Istio, and so the chain, treats unlike others.
var special = []string{"istio-system", "default"}

func isPlain(name string) bool {
	return plain.MatchString(name) && !slices.Contains(words, name) && !slices.Contains(special, name)
}

// overlap says which names could be taken for one another: one is part of another,
// or of what a pattern holds beside its placeholders.
func overlap(names []string, patterns v1alpha1.IstioTenant) error {
	for i, name := range names {
		for j, other := range names {
			if i != j && strings.Contains(other, name) {
				return fmt.Errorf("the name %q is part of the name %q", name, other)
			}
		}
		for _, f := range fields(&patterns) {
			if strings.Contains(*f.value, name) {
				return fmt.Errorf("the name %q is part of another word of %s", name, f.path)
			}
		}
	}
	return nil
}

// replaceWord replaces name where no letter or digit is before or after it.
func replaceWord(s, name, by string) string {
	var b strings.Builder
	for {
		at := wordIndex(s, name)
		if at < 0 {
			return b.String() + s
		}
		b.WriteString(s[:at] + by)
		s = s[at+len(name):]
	}
}

// wordIndex is where name stands as a word in s, or -1.
func wordIndex(s, name string) int {
	for from := 0; ; {
		at := strings.Index(s[from:], name)
		if at < 0 {
			return -1
		}
		at += from
		end := at + len(name)
		if (at == 0 || !isWordByte(s[at-1])) && (end == len(s) || !isWordByte(s[end])) {
			return at
		}
		from = at + 1
	}
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
