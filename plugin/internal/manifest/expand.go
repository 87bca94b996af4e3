package manifest

import (
	"fmt"
	"regexp"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

const (
	// maxDepth bounds nesting. Istio's CRDs nest some 40 deep.
	maxDepth = 500

	timestampTag = "!!timestamp"
)

// tags are those that JSON, and so Kubernetes, has a meaning for. A plain date
// is text to Kubernetes.
var tags = []string{
	yaml.NodeTagMap, yaml.NodeTagSeq, yaml.NodeTagString, yaml.NodeTagInt,
	yaml.NodeTagFloat, yaml.NodeTagBool, yaml.NodeTagNull, timestampTag,
}

// notANumber matches YAML's infinities and its .nan, which JSON lacks.
var notANumber = regexp.MustCompile(`(?i)^[-+]?\.(inf|nan)$`)

// expander copies a stream's documents without anchors, aliases and merge keys.
type expander struct {
	offset int          // added to each line of the document
	open   []*yaml.Node // the anchors that are being expanded
	spent  int          // of strictyaml.MaxAliased
}

func (e *expander) expand(n *yaml.Node, offset int) (*yaml.Node, error) {
	e.offset, e.open = offset, nil
	return e.copy(n, 0)
}

// fail returns an error that starts with its line; the caller names the stream.
func (e *expander) fail(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d: "+format, append([]any{n.Line + e.offset}, args...)...)
}

func (e *expander) copy(n *yaml.Node, depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, e.fail(n, "nested more than %d deep", maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		return e.alias(n, depth)
	}
	if len(e.open) > 0 {
		if e.spent += strictyaml.NodeCost + len(n.Value); e.spent > strictyaml.MaxAliased {
			return nil, e.fail(n, "aliases expand to more than %d MiB", strictyaml.MaxAliased>>20)
		}
	}
	if !slices.Contains(tags, n.ShortTag()) {
		return nil, e.fail(n, "tag %s has no meaning to Kubernetes", n.Tag)
	}
	if n.Tag == yaml.NodeTagFloat && notANumber.MatchString(n.Value) {
		return nil, e.fail(n, "%s has no meaning to Kubernetes", n.Value)
	}
	c := *n
	c.Line += e.offset
	c.Anchor, c.Content = "", nil
	c.Style &^= yaml.FoldedStyle // the encoder adds a line break where a folded line is indented
	if IsOldTruth(n) {
		c.Tag, c.Value = yaml.NodeTagBool, oldTruths[n.Value]
	}
	if n.Kind == yaml.MappingNode {
		return &c, e.mapping(n, &c, depth)
	}
	for _, element := range n.Content {
		copied, err := e.copy(element, depth+1)
		if err != nil {
			return nil, err
		}
		c.Content = append(c.Content, copied)
	}
	return &c, nil
}

func (e *expander) alias(n *yaml.Node, depth int) (*yaml.Node, error) {
	if slices.Contains(e.open, n.Alias) {
		return nil, e.fail(n, "alias *%s contains itself", n.Value)
	}
	e.open = append(e.open, n.Alias)
	c, err := e.copy(n.Alias, depth)
	e.open = e.open[:len(e.open)-1]
	if err != nil {
		return nil, err
	}
	// The comments are the anchor's; at the alias they would be repeated.
	c.HeadComment, c.LineComment, c.FootComment = n.HeadComment, n.LineComment, n.FootComment
	return c, nil
}

// mapping copies n's fields to c, then those of its merge key that c lacks.
func (e *expander) mapping(n, c *yaml.Node, depth int) error {
	var merge *yaml.Node
	before := 0 // of the fields, those that stand before the merge key
	for i := 0; i < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if key.Tag == yaml.MergeTag {
			if merge != nil {
				return e.fail(key, "merge key << is given twice")
			}
			if val.Kind == yaml.AliasNode && val.Alias.Kind != yaml.MappingNode {
				return e.fail(val, "merge key <<: found an alias of %s; must be an alias of a mapping, or a list of such aliases", describe(val.Alias))
			}
			merge, before = val, len(c.Content)
			continue
		}
		k, err := e.copy(key, depth+1)
		if err != nil {
			return err
		}
		if k.Kind != yaml.ScalarNode || k.Tag == yaml.NodeTagNull {
			return e.fail(key, "found %s as a key; must be a string", describe(k))
		}
		v, err := e.copy(val, depth+1)
		if err != nil {
			return err
		}
		c.Content = append(c.Content, k, v)
	}
	if merge == nil {
		return nil
	}
	merged, err := e.copy(merge, depth+1)
	if err != nil {
		return err
	}
	sources := []*yaml.Node{merged}
	if merged.Kind == yaml.SequenceNode {
		sources = merged.Content
	}
	has := map[string]bool{}
	earlier := map[string]*yaml.Node{} // values of keys before the merge key alone
	for i := 0; i < len(c.Content); i += 2 {
		key := c.Content[i].Value
		has[key] = true
		if delete(earlier, key); i < before {
			earlier[key] = c.Content[i+1]
		}
	}
	for _, s := range sources {
		if s.Kind != yaml.MappingNode {
			return e.fail(merge, "merge key <<: found %s; must be a mapping", describe(s))
		}
		var r repairs // repeated keys of the anchor are reported where it stands
		r.fields(s, "")
		for i := 0; i < len(s.Content); i += 2 {
			key := s.Content[i].Value
			if value := earlier[key]; value != nil && !equal(value, s.Content[i+1]) {
				return e.fail(merge, "merge key <<: has another value of %s than line %d; kubectl uses the value of << here, and other programs use the value of line %d; must be before the fields that it must not replace",
					key, value.Line, value.Line)
			}
			if !has[key] {
				has[key] = true
				c.Content = append(c.Content, s.Content[i], s.Content[i+1])
			}
		}
	}
	return nil
}
