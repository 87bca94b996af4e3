package frames_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/frames"
)

func ExampleReader() {
	watch := `{"type":"ADDED","object":{"kind":"Service","metadata":{"name":"a","resourceVersion":"17"}}}
{"type":"BOOKMARK","object":{"kind":"Service","apiVersion":"v1","metadata":{"resourceVersion":"20","annotations":{"k8s.io/initial-events-end":"true"}}}}
{"type":"DELETED","object":{"kind":"Ser`
	for r := frames.NewReader(strings.NewReader(watch), 1<<20); ; {
		frame, err := r.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		e, err := frames.ParseEvent(frame)
		fmt.Println(e.Type, e.Version, e.InitialEnd, err)
	}
	// Output:
	// ADDED 17 false <nil>
	// BOOKMARK 20 true <nil>
	// unexpected EOF
}

func ExampleWrite() {
	var lists []frames.List
	for _, body := range []string{
		`{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"x"},"items":[{"metadata":{"name":"a"}}]}`,
		`{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":null}`,
		`{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"b"}}]}`,
	} {
		l, err := frames.ParseList([]byte(body))
		if err != nil {
			fmt.Println(err)
		}
		lists = append(lists, l)
	}
	var text strings.Builder
	if err := frames.Write(&text, lists, 7); err != nil {
		fmt.Println(err)
	}
	fmt.Print(text.String())
	for object, err := range lists[0].Objects {
		fmt.Println(string(object), err)
	}
	// Output:
	// {"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}
	// {"kind":"Service","apiVersion":"v1","metadata":{"name":"a"}} <nil>
}

const table = `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9"},"columnDefinitions":[{"name":"Name"}],` +
	`"rows":[{"cells":["a"],"object":{"kind":"PartialObjectMetadata","metadata":{"name":"a","resourceVersion":"5"}}}]}`

func TestTable(t *testing.T) {
	l, err := frames.ParseList([]byte(table))
	require.NoError(t, err)
	for object, err := range l.Objects {
		require.NoError(t, err)
		require.JSONEq(t, strings.Replace(table, `"9"`, `"5"`, 1), string(object))
		e, err := frames.ParseEvent(bytes.TrimSpace(frames.AppendEvent(nil, frames.Added, object)))
		require.NoError(t, err)
		require.EqualValues(t, 5, e.Version)
	}
	var text bytes.Buffer
	require.NoError(t, frames.Write(&text, []frames.List{l, l}, 10))
	l, err = frames.ParseList(text.Bytes())
	require.NoError(t, err)
	require.EqualValues(t, 10, l.Version)
	n := 0
	for range l.Objects {
		n++
	}
	require.Equal(t, 2, n)
}

// A row tells its version where the Table of an event does not.
func TestTableEventWithoutVersion(t *testing.T) {
	e, err := frames.ParseEvent([]byte(`{"type":"ADDED","object":` + strings.Replace(table, `"resourceVersion":"9"`, "", 1) + `}`))
	require.NoError(t, err)
	require.EqualValues(t, 5, e.Version)
}

func TestWrong(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                         `event is no JSON object`,
		`{"type":"ADDED"}`:           `event of type "ADDED" has no object`,
		`{"type":7,"object":{}}`:     `event: type: found "7": must be a string`,
		`{"type":"A","object":{}}`:   `event of type "A": object: metadata.resourceVersion is missing`,
		`{"type":"A","object":null}`: `event of type "A": object: is no JSON object`,
		`{"type":"A","object":{"metadata":{"resourceVersion":"x"}}}`: `event of type "A": object: metadata: resourceVersion: found "x": must be a number`,
	} {
		_, err := frames.ParseEvent([]byte(text))
		require.EqualError(t, err, want, text)
	}
	for text, want := range map[string]string{
		`7`:                                 `list is no JSON object`,
		`{"kind":"PodList"}`:                `PodList has no items`,
		`{"kind":"PodList","items":7}`:      `list: items: must be an array`,
		`{"kind":"PodList","items":[]}`:     `PodList: metadata.resourceVersion is missing`,
		`{"metadata":{"resourceVersion":7}`: `list: metadata: found "7": must be a string`,
	} {
		_, err := frames.ParseList([]byte(text))
		require.EqualError(t, err, want, text)
	}
}

func TestReader(t *testing.T) {
	large := `{"a":"` + strings.Repeat("x", 100_000) + `"}`
	for _, read := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader} {
		r := frames.NewReader(read(strings.NewReader("\n"+large+`{"}":"\"{"} `+"\n"+`{"b":[{}]}`+large)), 200_000)
		for _, want := range []string{large, `{"}":"\"{"}`, `{"b":[{}]}`, large} {
			frame, err := r.Next()
			require.NoError(t, err)
			require.Equal(t, want, string(frame))
		}
		_, err := r.Next()
		require.Equal(t, io.EOF, err)
	}
}

// A frame that never ends is an error, and takes no more memory than allowed.
func TestTooLarge(t *testing.T) {
	_, err := frames.NewReader(io.MultiReader(strings.NewReader(`{"`), endless{}), 10_000).Next()
	require.ErrorIs(t, err, frames.ErrTooLarge)
	require.EqualError(t, err, "event is too large: has more than 10000 bytes")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// What encoding/json reads as a stream of objects is read as the same.
func FuzzReader(f *testing.F) {
	f.Add([]byte(`{"type":"ADDED","object":{"a":"\\\"}{"}}`+"\n"+`{}`), false)
	f.Add([]byte(` {"a":[1,{"b":[]}]}{"c`), true)
	f.Fuzz(func(t *testing.T, stream []byte, slow bool) {
		var from io.Reader = bytes.NewReader(stream)
		if slow {
			from = iotest.OneByteReader(from)
		}
		r := frames.NewReader(from, 1<<20)
		for d := json.NewDecoder(bytes.NewReader(stream)); ; {
			var want json.RawMessage
			wrong := d.Decode(&want)
			got, err := r.Next()
			if wrong == nil && want[0] == '{' {
				require.NoError(t, err)
				require.Equal(t, string(want), string(got))
				continue
			}
			if errors.Is(wrong, io.EOF) {
				require.Equal(t, io.EOF, err)
			}
			for i := 0; err == nil && i < len(stream); i++ { // what is no JSON is anything, but not without end
				_, _ = frames.ParseEvent(got)
				got, err = r.Next()
			}
			require.Error(t, err)
			return
		}
	})
}

// A list has the version and the items that encoding/json sees, and one that is
// merged of it has them as often.
func FuzzList(f *testing.F) {
	f.Add([]byte(`{"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[{"a":1}, {}]}`))
	f.Add([]byte(`{"items":null,"metadata":{"resourceVersion":"7"}}`))
	f.Add([]byte(table))
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := frames.ParseList(body)
		if err != nil || !json.Valid(body) {
			for range l.Objects { // is not to panic
			}
			return
		}
		var text bytes.Buffer
		require.NoError(t, frames.Write(&text, []frames.List{l, l}, 8))
		require.True(t, json.Valid(text.Bytes()), text.String())
		again, err := frames.ParseList(text.Bytes())
		require.NoError(t, err)
		require.EqualValues(t, 8, again.Version)
		one, two := count(t, l), count(t, again)
		require.Equal(t, 2*one, two, text.String())
	})
}

func count(t *testing.T, l frames.List) (n int) {
	var items []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte("["+string(l.Items)+"]"), &items))
	for _, err := range l.Objects {
		if err != nil {
			return len(items) // such as a number, which is no object
		}
		n++
	}
	require.Equal(t, len(items), n)
	return n
}
