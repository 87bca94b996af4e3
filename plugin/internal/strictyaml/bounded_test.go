package strictyaml

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bomb has ten lines, each of which has the one before nine times.
func bomb() string {
	text := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		text += fmt.Sprintf("%c: &%[1]c [%s]\n", c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), ", "))
	}
	return text
}

func TestBounded(t *testing.T) {
	indented := "  " + strings.ReplaceAll(bomb(), "\n", "\n  ")
	wide := "x: &x [" + strings.Repeat("abc, ", 20000) + "]\ny: [" + strings.Repeat("*x, ", 10) + "]\n"
	for name, test := range map[string]struct{ text, err string }{
		"no alias":                  {"a: b & c\nd: '*'\n", ""},
		"prose":                     {"all of R&D and *everything* else", ""},
		"prose in a field":          {"description: all of R&D and *everything* else\n", ""},
		"no YAML":                   {"a: &a [\nb: *a", ""},
		"an anchor and its alias":   {"a: &a {b: c}\nd: *a\n---\ne: f\n", ""},
		"a bomb":                    {bomb(), "6: aliases expand to more than 4 MiB"},
		"a second document":         {"a: b\n---\n" + bomb(), "8: aliases expand to more than 4 MiB"},
		"many small aliases":        {wide, "2: aliases expand to more than 4 MiB"},
		"a text in the text":        {"patch: |\n" + indented, "1: the text that begins here: line 6: aliases expand to more than 4 MiB"},
		"an alias of itself":        {"a: &a [b, *a]\n", "1: alias *a contains itself"},
		"a merge key":               {"a: &a {b: c}\nd: {<<: *a}\n", ""},
		"a colon without a space":   {`{"a": &a [b], "c":*a}`, ""},
		"an anchor with no alias":   {"a: &a b\nc: '*'\n", ""},
		"an unknown anchor":         {"a: *b # &\n", ""},
		"lists of aliases of texts": {"a: &a " + strings.Repeat("x", 1<<20) + "\nb: [*a, *a, *a, *a, *a]\n", "2: aliases expand to more than 4 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Bounded([]byte(test.text))
			if test.err == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, test.err)
			_, err = Parse(test.text)
			require.ErrorContains(t, err, "line "+test.err)
			_, err = Objects([]byte(test.text))
			require.ErrorContains(t, err, "line "+test.err)
		})
	}
}
