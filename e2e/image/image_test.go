package image_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/e2e/image"
)

// write makes files, by their paths.
func write(t *testing.T, files map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, text := range files {
		at := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
		require.NoError(t, os.WriteFile(at, []byte(text), 0o600))
	}
	return folder
}

const dockerfile = `# A comment, and a line that goes on.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod a.txt ./
COPY data ./data
RUN mkdir -p out && \
    cat a.txt data/* > out/all && chmod 750 out/all && test -n "$TARGETARCH"

FROM scratch
COPY --from=build /src/out/all /usr/bin/all
ENV PATH=/usr/bin A=1
USER 7:8
ENTRYPOINT ["all", "-x"]
`

func TestBuild(t *testing.T) {
	folder, into := write(t, map[string]string{
		"Dockerfile": dockerfile, ".dockerignore": "*\n!go.mod\n!a.txt\n!data\ndata/secret\n",
		"go.mod": "module a\n", "a.txt": "a\n", "data/b": "b\n", "data/deep/c": "c\n", "data/secret": "secret\n",
	}), filepath.Join(t.TempDir(), "image")
	// The pattern of the RUN line names a folder.
	_, err := image.Build(t.Context(), folder, into)
	require.ErrorContains(t, err, "data/deep")
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "data/deep")))

	made, err := image.Build(t.Context(), folder, into)
	require.NoError(t, err)
	require.Equal(t, image.Image{
		Root: filepath.Join(into, "rootfs"), User: 7, Group: 8, Env: []string{"PATH=/usr/bin", "A=1"}, Entrypoint: []string{"all", "-x"},
	}, made)
	text, err := os.ReadFile(filepath.Join(made.Root, "usr/bin/all"))
	require.NoError(t, err)
	require.Equal(t, "a\nb\n", string(text), "what .dockerignore leaves")
	for path, want := range map[string]string{"usr/bin/all": "-rwxr-x---", "usr/bin": "drwxr-xr-x"} {
		info, err := os.Stat(filepath.Join(made.Root, path))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().String(), path)
	}
	opened, err := image.Open(into)
	require.NoError(t, err)
	require.Equal(t, made, opened)
}

// TestUnknown: whatever this package does not do is refused, and not passed over.
func TestUnknown(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"USER 7:8", "HEALTHCHECK CMD all", "this package does not know HEALTHCHECK"},
		{"USER 7:8", "ADD a.txt /", "this package does not know ADD"},
		{"USER 7:8", "USR 7", "unknown instruction: USR"},
		{"USER 7:8", "USER nobody", `USER: found "nobody", which is not UID:GID in numbers`},
		{"USER 7:8", "USER $A", `found "$A"; this package knows neither variables nor patterns`},
		{"USER 7:8", "RUN true", "there is nothing to run in scratch"},
		{`ENTRYPOINT ["all", "-x"]`, "ENTRYPOINT all -x", "found a line for a shell"},
		{"--from=build", "--from=builder", "found --from=builder, which is no stage before"},
		{"--from=build", "--from=build --chown=7", "this package knows the option --from alone"},
		{"COPY data ./data", "COPY dat* ./data", `found "dat*"`},
		{"COPY data ./data", "COPY none ./data", "none is not there"},
		{"COPY data ./data", "COPY .dockerignore ./data", ".dockerignore is not there"},
		{"go.mod a.txt ./", "go.mod a.txt .", "found several files for ., which does not end in /"},
		{"mkdir -p out", "mkdir -p /out", "found an absolute path"},
		{"RUN mkdir", "RUN --mount=type=cache,target=/x mkdir", "this package knows a line for a shell, without options"},
		{"test -n", "test -z", "exit status 1"},
		{"ARG TARGETOS", "ARG VERSION=1 TARGETOS", "found VERSION=1; this package knows TARGETOS and TARGETARCH"},
		{"golang:1.26", "golang:1.2", "FROM golang:1.2: the machine has Go 1."},
		{"golang:1.26", "alpine:3", "FROM alpine:3: this package knows scratch and golang:VERSION"},
		{"FROM scratch", "FROM --platform=linux/s390x scratch", "this package knows $BUILDPLATFORM"},
		{"FROM scratch", "FROM golang:1.26", "the last stage is FROM golang:1.26"},
		{"# A comment", "ARG A\n# A comment", "found ARG before FROM"},
	} {
		t.Run(test.new, func(t *testing.T) {
			require.Contains(t, dockerfile, test.old)
			folder := write(t, map[string]string{
				"Dockerfile": strings.Replace(dockerfile, test.old, test.new, 1), ".dockerignore": ".dockerignore",
				"go.mod": "module a\n", "a.txt": "a\n", "data/b": "b\n",
			})
			_, err := image.Build(t.Context(), folder, filepath.Join(t.TempDir(), "image"))
			require.ErrorContains(t, err, test.want)
		})
	}
}
