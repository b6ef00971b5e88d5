package archive

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"yinzheng/internal/gm"
)

// checkBag judges the tag files that are no manifests.
func checkBag(files map[string][]byte, id string, size int64, count int) error {
	required := append(tagFiles(), tagManifestName("sha512"), tagManifestName("sm3"), payloadPrefix+baseInfoName, payloadPrefix+processInfoName)
	for _, n := range required {
		b, ok := files[n]
		if !ok {
			return &PackageError{Missing, n}
		}
		if len(b) > maxMeta {
			return &PackageError{TooLarge, n}
		}
	}
	if string(files[bagitName]) != bagitText {
		return &PackageError{BadBag, bagitName}
	}
	info := files[bagInfoName]
	if v, ok := infoValue(info, "External-Identifier"); !ok || v != id {
		return &PackageError{BadBag, bagInfoName + ": External-Identifier"}
	}
	if v, ok := infoValue(info, "Payload-Oxum"); !ok || v != fmt.Sprintf("%d.%d", size, count) {
		return &PackageError{BadBag, bagInfoName + ": Payload-Oxum"}
	}
	return nil
}

// readMetadata demands that the metadata is about this package and names exactly the files that are there.
func readMetadata(files map[string][]byte, payload []string, id string) (*Content, error) {
	var base baseInfo
	if err := decodeXML(files[payloadPrefix+baseInfoName], &base); err != nil || base.Number.Value != id {
		return nil, &PackageError{BadMetadata, baseInfoName}
	}
	var process processInfo
	if err := decodeXML(files[payloadPrefix+processInfoName], &process); err != nil || process.Number.Value != id {
		return nil, &PackageError{BadMetadata, processInfoName}
	}
	sizes, err := base.listed()
	if err != nil {
		return nil, &PackageError{BadMetadata, baseInfoName}
	}
	c := &Content{ID: id, Kind: base.Kind.Value, Subject: base.Subject.Value, Title: base.Project.Value}
	for _, p := range payload {
		rest := strings.TrimPrefix(p, payloadPrefix)
		if rest == baseInfoName || rest == processInfoName {
			continue
		}
		if size, ok := sizes[rest]; !ok || size != int64(len(files[p])) {
			return nil, &PackageError{BadMetadata, shorten(rest)}
		}
		delete(sizes, rest)
	}
	for _, p := range slices.Sorted(maps.Keys(sizes)) {
		return nil, &PackageError{Missing, shorten(p)}
	}
	for _, fl := range base.Fileset.Folders {
		for _, f := range fl.Files {
			data := files[payloadPrefix+fl.Title+"/"+f.Name.Value]
			c.Files = append(c.Files, ContentFile{Folder: fl.Title, Name: f.Name.Value, Title: f.Standard.Value,
				MIME: f.Format.Value, SM3: gm.Sum(data), Data: data})
		}
	}
	return c, nil
}
