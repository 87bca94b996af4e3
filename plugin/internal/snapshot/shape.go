package snapshot

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// shape are the objects of all tenants that differ in their names only, parsed once:
//
//	metadata: {name: istiod-qzjxavkw}   ->   metadata: {name: istiod-sales}
//
// What has no name in it, the tenants share.
type shape struct {
	parsed
	fill [](func(*strings.Replacer) any) // the Content of each object
}

// mark begins the names that stand for a tenant's. No text has it.
const mark = "qzjx"

// marks are names that YAML writes as they are, and that no other contains.
func marks(n int) (names []string) {
	for i := range n {
		names = append(names, mark+string(rune('a'+i))+"vkw")
	}
	return names
}

// filled are the objects of an overlay that has a shape; !ok: it is to be parsed.
func (r *reader) filled(given render.Rendered) (objects parsed, ok bool) {
	if given.Shape == nil || bytes.Contains(given.Text, []byte(mark)) {
		return parsed{}, false
	}
	once, _ := r.shapes.LoadOrStore(given.Shape.Template, sync.OnceValue(func() *shape {
		return r.shape(given.Overlay, given.Shape)
	}))
	s := once.(func() *shape)()
	if s == nil {
		return parsed{}, false
	}
	p, _ := r.parsers.Get().(*parser)
	if p == nil {
		p = newParser(r.words)
	}
	defer r.parsers.Put(p)
	return s.of(given.Overlay, given.Shape.Names, p.words), true
}

// shape parses a shape; nil, where each tenant is to be read by itself.
func (r *reader) shape(overlay string, of *render.Shape) *shape {
	p := newParser(r.words)
	p.words.mark = mark
	s := &shape{parsed: p.parse(overlay, of.Fill(marks(len(of.Names))), false)}
	if len(s.errs)+len(s.repairs)+len(s.roots) > 0 {
		return nil
	}
	for _, o := range s.objects {
		fill, _ := compile(o.Content)
		s.fill = append(s.fill, fill)
	}
	return s
}

// of are the objects for a tenant's names.
func (s *shape) of(overlay string, names []string, words *wordReader) parsed {
	var pairs []string
	for i, m := range marks(len(names)) {
		pairs = append(pairs, m, names[i])
	}
	replace := strings.NewReplacer(pairs...)
	all := func(texts []string) []string {
		texts = slices.Clone(texts)
		for i, text := range texts {
			texts[i] = replace.Replace(text)
		}
		return texts
	}
	var filled parsed
	made := make(map[*Object]*Object, len(s.objects))
	for i, o := range s.objects {
		content, _ := s.fill[i](replace).(map[string]any)
		n := &Object{ID: o.ID, Source: Source{File: overlay}, Content: content}
		n.ID.Namespace, n.ID.Name = replace.Replace(o.ID.Namespace), replace.Replace(o.ID.Name)
		for _, text := range o.marked {
			words.text(replace.Replace(text))
		}
		for _, entry := range o.words {
			words.add(entry)
		}
		n.words = words.take()
		made[o] = n
		filled.objects = append(filled.objects, n)
	}
	for _, p := range s.planes {
		p.Object, p.Revision = made[p.Object], replace.Replace(p.Revision)
		p.Proxied, p.Watched, p.AppNamespaces, p.Audiences = all(p.Proxied), all(p.Watched), all(p.AppNamespaces), all(p.Audiences)
		filled.planes = append(filled.planes, p)
	}
	return filled
}

// compile returns what makes a value of a tenant out of a shape's, and whether tenants'
// values differ.
func compile(value any) (fill func(*strings.Replacer) any, differs bool) {
	switch value := value.(type) {
	case string:
		if strings.Contains(value, mark) {
			return func(r *strings.Replacer) any { return r.Replace(value) }, true
		}
	case []any:
		fills := map[int]func(*strings.Replacer) any{}
		for i, element := range value {
			if fill, differs := compile(element); differs {
				fills[i] = fill
			}
		}
		if len(fills) > 0 {
			return func(r *strings.Replacer) any {
				list := slices.Clone(value)
				for i, fill := range fills {
					list[i] = fill(r)
				}
				return list
			}, true
		}
	case map[string]any:
		same := maps.Clone(value)
		fills := map[string]func(*strings.Replacer) any{}
		for key, element := range value {
			fill, differs := compile(element)
			if differs || strings.Contains(key, mark) {
				fills[key] = fill
				delete(same, key)
			}
		}
		if len(fills) > 0 {
			return func(r *strings.Replacer) any {
				fields := maps.Clone(same)
				for key, fill := range fills {
					fields[r.Replace(key)] = fill(r)
				}
				return fields
			}, true
		}
	}
	return func(*strings.Replacer) any { return value }, false
}
