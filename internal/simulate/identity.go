package simulate

import (
	"fmt"
	"strings"
)

// Numbers of the simulated city can never belong to anybody: 419999 is no division of Henan.
const (
	idPrefix   = "419999"
	usccPrefix = "91419999MA"
)

// idNumber returns a citizen identity number (GB 11643) of somebody born on that day. Odd serial numbers are
// men, even ones women; serial is 1 to 999.
func idNumber(birth day, serial int) string {
	body := idPrefix + birth.format(compact) + fmt.Sprintf("%03d", serial)
	return body + string(idCheck(body))
}

// idCheck returns the check character of the first 17 digits.
func idCheck(body string) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(body[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// usccAlphabet is the alphabet of GB 32100-2015: no I, O, Z, S or V.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// creditCode returns the unified social credit code (GB 32100-2015) number n of the city, with valid check
// characters of both the organisation code inside and the whole.
func creditCode(n int) string {
	org := fmt.Sprintf("MAX%05d", n%100000)
	code := "91419999" + org + string(orgCheck(org))
	return code + string(usccCheck(code))
}

// orgCheck returns the check character of an organisation code (GB 11714).
func orgCheck(org string) byte {
	weights := [8]int{3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		v := 0
		switch c := org[i]; {
		case c >= '0' && c <= '9':
			v = int(c - '0')
		default:
			v = int(c-'A') + 10
		}
		sum += v * w
	}
	switch c := 11 - sum%11; c {
	case 10:
		return 'X'
	case 11:
		return '0'
	default:
		return byte('0' + c)
	}
}

// usccCheck returns the check character of the first 17 characters of a credit code.
func usccCheck(code string) byte {
	weights := [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	sum := 0
	for i, w := range weights {
		sum += strings.IndexByte(usccAlphabet, code[i]) * w
	}
	return usccAlphabet[(31-sum%31)%31]
}

// wrongCheck returns the code with another check character: a slip of the pen.
func wrongCheck(code string, alphabet string, salt uint64) string {
	last := code[len(code)-1]
	i := strings.IndexByte(alphabet, last)
	shift := 1 + int(mix(salt)%uint64(len(alphabet)-1))
	return code[:len(code)-1] + string(alphabet[(i+shift)%len(alphabet)])
}

func familyNames() []string {
	return []string{"甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"}
}

func givenNames(male bool) []string {
	if male {
		return strings.Fields("建国 志强 卫东 海涛 永军 国庆 新民 广田 玉柱 长河 保山 春雷 明亮 红旗 立新 振华 金生 铁军 石头 大勇 小军 小明 磊 涛 鹏 军 波 斌 超 辉")
	}
	return strings.Fields("秀英 桂兰 玉梅 红霞 春花 小丽 爱琴 淑芬 金凤 雪梅 海燕 晓燕 雅琴 丽娟 艳红 凤英 翠萍 巧云 素珍 冬梅 婷 静 敏 娟 燕 芳 丽 霞 萍 慧")
}

// personName returns a name from the fixed list: a celestial stem and a common given name.
func personName(r dice, male bool) string {
	return pick(r, familyNames()) + pick(r, givenNames(male))
}
