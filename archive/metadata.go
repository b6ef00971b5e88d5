package archive

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"yinzheng/verify"
)

// Names of the two metadata files (GB/T 42727-2023, chapters 7 and 8).
const (
	baseInfoName    = "基本信息元数据.xml"
	processInfoName = "办理过程元数据.xml"
)

// Metadata describes a package as a whole. Empty values are written as empty elements.
type Metadata struct {
	Region     string    // 行政区划代码, GB/T 2260
	Office     string    // 统一社会信用代码 of the office
	OfficeName string    // its name
	Fonds      string    // 全宗标识
	Category   string    // 门类代码
	Retention  string    // 保管期限: "Y", "D30", "D10"
	Matter     string    // 事项编码
	Case       string    // 办件编号
	Identifier string    // 电子证照标识, for a licence
	Finished   time.Time // when the thing was done; every time in the container is this one, so that it is reproducible
	Process    []Step    // 办理过程, in order
}

// Step is one line of 办理过程.
type Step struct {
	At   time.Time
	Name string // 环节名称 or its code
	By   string // who did it
	Note string
}

// item is one element with its Chinese title.
type item struct {
	Title string `xml:"title,attr"`
	Value string `xml:",chardata"`
}

// baseInfo is 基本信息元数据. Element names follow the practice noted in standards.md 4.2.
type baseInfo struct {
	XMLName    xml.Name `xml:"base_info"`
	Title      string   `xml:"title,attr"`
	Number     item     `xml:"document_number"`
	Kind       item     `xml:"document_kind"`
	Subject    item     `xml:"document_subject"`
	Project    item     `xml:"project_name"`
	Fonds      item     `xml:"fonds_identifier"`
	Category   item     `xml:"category_code"`
	Year       item     `xml:"year"`
	Retention  item     `xml:"retention_period"`
	Task       item     `xml:"task_code"`
	Case       item     `xml:"case_number"`
	Identifier item     `xml:"certificate_identifier"`
	Region     item     `xml:"region_code"`
	Social     item     `xml:"social_code"`
	Office     item     `xml:"office_name"`
	Finished   item     `xml:"finish_time"`
	Fileset    fileset  `xml:"fileset"`
}

type fileset struct {
	Title   string   `xml:"title,attr"`
	Folders []folder `xml:"folder"`
}

type folder struct {
	Title string     `xml:"title,attr"`
	Files []fileInfo `xml:"file"`
}

type fileInfo struct {
	ID       string `xml:"id,attr"`
	Code     item   `xml:"file_code"`
	Standard item   `xml:"file_standard_name"`
	Actual   item   `xml:"file_actual_name"`
	Format   item   `xml:"format_information"`
	Name     item   `xml:"computer_file_name"`
	Size     item   `xml:"computer_file_size"`
	Created  item   `xml:"computer_file_creation_time"`
}

// processInfo is 办理过程元数据.
type processInfo struct {
	XMLName xml.Name   `xml:"process_info"`
	Title   string     `xml:"title,attr"`
	Number  item       `xml:"document_number"`
	Steps   []stepInfo `xml:"step"`
}

type stepInfo struct {
	ID   string `xml:"id,attr"`
	Name item   `xml:"step_name"`
	Time item   `xml:"step_time"`
	By   item   `xml:"transactor"`
	Note item   `xml:"remark"`
}

func describe(d Deposit) baseInfo {
	m := d.Metadata
	info := baseInfo{
		Title:      "基本信息元数据",
		Number:     item{"电子文件号", d.ID},
		Kind:       item{"归档对象类型", d.Kind},
		Subject:    item{"归档对象编号", d.Subject},
		Project:    item{"题名", d.Title},
		Fonds:      item{"全宗标识", m.Fonds},
		Category:   item{"门类代码", m.Category},
		Year:       item{"年度", strconv.Itoa(m.Finished.In(verify.ChinaTime()).Year())},
		Retention:  item{"保管期限", m.Retention},
		Task:       item{"事项编码", m.Matter},
		Case:       item{"办件编号", m.Case},
		Identifier: item{"电子证照标识", m.Identifier},
		Region:     item{"行政区划代码", m.Region},
		Social:     item{"统一社会信用代码", m.Office},
		Office:     item{"办理机构名称", m.OfficeName},
		Finished:   item{"办结时间", stamp(m.Finished)},
		Fileset:    fileset{Title: "归档文件"},
	}
	at := map[string]int{}
	for i, f := range d.Files {
		n, ok := at[f.Folder]
		if !ok {
			n = len(info.Fileset.Folders)
			at[f.Folder] = n
			info.Fileset.Folders = append(info.Fileset.Folders, folder{Title: f.Folder})
		}
		fl := &info.Fileset.Folders[n]
		fl.Files = append(fl.Files, fileInfo{
			ID:       fmt.Sprintf("%04d", i+1),
			Code:     item{"归档文件类型", f.Folder},
			Standard: item{"归档文件标准名称", f.Title},
			Actual:   item{"归档文件实际名称", f.Title},
			Format:   item{"格式信息", f.MIME},
			Name:     item{"计算机文件名", f.Name},
			Size:     item{"计算机文件大小", strconv.Itoa(len(f.Data))},
			Created:  item{"计算机文件形成时间", stamp(f.Created)},
		})
	}
	return info
}

func describeProcess(d Deposit) processInfo {
	info := processInfo{Title: "办理过程元数据", Number: item{"电子文件号", d.ID}}
	for i, s := range d.Metadata.Process {
		info.Steps = append(info.Steps, stepInfo{
			ID:   fmt.Sprintf("%04d", i+1),
			Name: item{"环节名称", s.Name},
			Time: item{"办理时间", stamp(s.At)},
			By:   item{"办理者", s.By},
			Note: item{"备注", s.Note},
		})
	}
	return info
}

// stamp writes a time in Beijing time, whole seconds, RFC 3339.
func stamp(t time.Time) string { return t.In(verify.ChinaTime()).Format(time.RFC3339) }

// encodeXML writes the one form of a metadata document.
func encodeXML(v any) ([]byte, error) {
	body, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing metadata: %w", err)
	}
	return append(append([]byte(xml.Header), body...), '\n'), nil
}

// decodeXML reads a metadata document and demands its one form, so that nothing unread can hide in it.
func decodeXML(b []byte, v any) error {
	if err := xml.Unmarshal(b, v); err != nil {
		return err
	}
	again, err := encodeXML(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, b) {
		return fmt.Errorf("not in its one form")
	}
	return nil
}

// listed returns the payload paths (below data/) that the metadata names, with their sizes.
func (b *baseInfo) listed() (map[string]int64, error) {
	sizes := map[string]int64{}
	for _, fl := range b.Fileset.Folders {
		for _, f := range fl.Files {
			n, err := strconv.ParseInt(f.Size.Value, 10, 64)
			if err != nil || n < 0 || strings.HasPrefix(f.Size.Value, "+") {
				return nil, fmt.Errorf("file %s has size %q", f.ID, f.Size.Value)
			}
			sizes[path.Join(fl.Title, f.Name.Value)] = n
		}
	}
	return sizes, nil
}
