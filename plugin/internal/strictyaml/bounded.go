package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const (
	// MaxAliased is the largest size, in bytes, to which the aliases of a text may
	// expand. NodeCost is added for each node, so that empty ones count as well.
	MaxAliased = 4 << 20
	NodeCost   = 32
)

// Bounded returns an error if the aliases of a YAML text expand to more than
// [MaxAliased]. kustomize and kyaml write aliases out as they read, so that a few
// lines fill the memory of a machine. Texts inside the text, such as a patch in a
// kustomization, are YAML that somebody reads as well, so they have the same bound.
// The error is one line and begins with the number of a line. A text that is not YAML
// has no error here.
func Bounded(text []byte) error {
	if bytes.IndexByte(text, '&') < 0 || bytes.IndexByte(text, '*') < 0 {
		return nil // no anchor, or no alias
	}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document yaml.Node
		if err := decoder.Decode(&document); err != nil {
			return nil //nolint:nilerr // what is no YAML has no aliases, and its reader reports it
		}
		if document.Content[0].Kind == yaml.ScalarNode {
			continue // prose, such as a description
		}
		b := bound{sizes: map[*yaml.Node]int{}}
		if b.size(&document); b.err != nil {
			return b.err
		}
	}
}

// bound adds up the nodes that aliases expand to.
type bound struct {
	sizes map[*yaml.Node]int // of what aliases lead to
	open  []*yaml.Node       // what is being expanded
	spent int                // of MaxAliased
	err   error
}

// size is what a node expands to, in bytes. It stops at the first error.
func (b *bound) size(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode {
		return b.alias(n)
	}
	size := NodeCost + len(n.Value)
	if n.Kind == yaml.ScalarNode && b.err == nil {
		if err := Bounded([]byte(n.Value)); err != nil {
			b.err = fmt.Errorf("%d: the text that begins here: line %w", n.Line, err)
		}
	}
	for _, child := range n.Content {
		if b.err != nil {
			return size
		}
		size += b.size(child)
	}
	return size
}

func (b *bound) alias(n *yaml.Node) int {
	size, known := b.sizes[n.Alias]
	if !known {
		if slices.Contains(b.open, n.Alias) {
			b.err = fmt.Errorf("%d: alias *%s contains itself", n.Line, n.Value)
			return 0
		}
		b.open = append(b.open, n.Alias)
		size = b.size(n.Alias)
		b.open = b.open[:len(b.open)-1]
		b.sizes[n.Alias] = size
	}
	if len(b.open) == 0 {
		b.spent += size
	}
	if max(size, b.spent) > MaxAliased && b.err == nil {
		b.err = fmt.Errorf("%d: aliases expand to more than %d MiB", n.Line, MaxAliased>>20)
	}
	return size
}

// Parse reads one YAML document as kyaml does, if [Bounded] has no error.
func Parse(text string) (*yaml.RNode, error) {
	if err := Bounded([]byte(text)); err != nil {
		return nil, errors.New("line " + err.Error())
	}
	return yaml.Parse(text)
}

// Objects reads the objects of a YAML text as kyaml does, if [Bounded] has no error.
func Objects(text []byte) ([]*yaml.RNode, error) {
	if err := Bounded(text); err != nil {
		return nil, errors.New("line " + err.Error())
	}
	return (&kio.ByteReader{Reader: bytes.NewReader(text), OmitReaderAnnotations: true}).Read()
}
