// What a fresh Odoo 19.0 has in its address and currency tables, with its ids. One record per line.

/** id|name|code|currency id */
export const countries = `
1|Andorra|AD|126
2|United Arab Emirates|AE|129
3|Afghanistan|AF|47
4|Antigua and Barbuda|AG|49
5|Anguilla|AI|49
6|Albania|AL|119
7|Armenia|AM|50
8|Angola|AO|48
9|Antarctica|AQ|49
10|Argentina|AR|19
11|American Samoa|AS|1
12|Austria|AT|126
13|Australia|AU|21
14|Aruba|AW|51
15|Åland Islands|AX|126
16|Azerbaijan|AZ|52
17|Bosnia and Herzegovina|BA|63
18|Barbados|BB|56
19|Bangladesh|BD|55
20|Belgium|BE|126
21|Burkina Faso|BF|41
22|Bulgaria|BG|126
23|Bahrain|BH|54
24|Burundi|BI|65
25|Benin|BJ|41
26|Saint Barthélémy|BL|126
27|Bermuda|BM|60
28|Brunei Darussalam|BN|111
29|Bolivia|BO|62
30|Bonaire, Sint Eustatius and Saba|BQ|1
31|Brazil|BR|5
32|Bahamas|BS|53
33|Bhutan|BT|61
34|Bouvet Island|BV|14
35|Botswana|BW|64
36|Belarus|BY|58
37|Belize|BZ|59
38|Canada|CA|3
39|Cocos (Keeling) Islands|CC|21
40|Central African Republic|CF|42
41|Congo (DRC)|CD|69
42|Congo (Republic)|CG|42
43|Switzerland|CH|4
44|Côte d'Ivoire|CI|41
45|Cook Islands|CK|35
46|Chile|CL|45
47|Cameroon|CM|42
48|China|CN|6
49|Colombia|CO|8
50|Costa Rica|CR|39
51|Cuba|CU|70
52|Cape Verde|CV|162
53|Curaçao|CW|72
54|Christmas Island|CX|21
55|Cyprus|CY|126
56|Czech Republic|CZ|9
57|Germany|DE|126
58|Djibouti|DJ|73
59|Denmark|DK|10
60|Dominica|DM|49
61|Dominican Republic|DO|74
62|Algeria|DZ|112
63|Ecuador|EC|1
64|Estonia|EE|126
65|Egypt|EG|75
66|Western Sahara|EH|110
67|Eritrea|ER|77
68|Spain|ES|126
69|Ethiopia|ET|78
70|Finland|FI|126
71|Fiji|FJ|80
72|Falkland Islands|FK|79
73|Micronesia|FM|1
74|Faroe Islands|FO|10
75|France|FR|126
76|Gabon|GA|42
77|Grenada|GD|49
78|Georgia|GE|81
79|French Guiana|GF|126
80|Ghana|GH|113
81|Gibraltar|GI|82
82|Guernsey|GG|144
83|Greenland|GL|10
84|Gambia|GM|114
85|Guinea|GN|83
86|Guadeloupe|GP|126
87|Equatorial Guinea|GQ|42
88|Greece|GR|126
89|South Georgia and the South Sandwich Islands|GS|144
90|Guatemala|GT|166
91|Guam|GU|1
92|Guinea-Bissau|GW|41
93|Guyana|GY|84
94|Hong Kong|HK|24
95|Heard Island and McDonald Islands|HM|21
96|Honduras|HN|44
97|Croatia|HR|126
98|Haiti|HT|85
99|Hungary|HU|11
100|Indonesia|ID|12
101|Ireland|IE|126
102|Israel|IL|89
103|Isle of Man|IM|144
104|India|IN|20
105|British Indian Ocean Territory|IO|1
106|Iraq|IQ|88
107|Iran|IR|87
108|Iceland|IS|86
109|Italy|IT|126
110|Jersey|JE|144
111|Jamaica|JM|90
112|Jordan|JO|91
113|Japan|JP|25
114|Kenya|KE|93
115|Kyrgyzstan|KG|95
116|Cambodia|KH|66
117|Kiribati|KI|21
118|Comoros|KM|68
119|Saint Kitts and Nevis|KN|49
120|North Korea|KP|122
121|South Korea|KR|32
122|Kuwait|KW|94
123|Cayman Islands|KY|67
124|Kazakhstan|KZ|92
125|Laos|LA|96
126|Lebanon|LB|97
127|Saint Lucia|LC|49
128|Liechtenstein|LI|4
129|Sri Lanka|LK|142
130|Liberia|LR|99
131|Lesotho|LS|98
132|Lithuania|LT|126
133|Luxembourg|LU|126
134|Latvia|LV|126
135|Libya|LY|100
136|Morocco|MA|110
137|Monaco|MC|126
138|Moldova|MD|108
139|Montenegro|ME|126
140|Saint Martin (French part)|MF|126
141|Madagascar|MG|103
142|Marshall Islands|MH|1
143|North Macedonia|MK|102
144|Mali|ML|41
145|Myanmar|MM|116
146|Mongolia|MN|109
147|Macau|MO|101
148|Northern Mariana Islands|MP|1
149|Martinique|MQ|126
150|Mauritania|MR|107
151|Montserrat|MS|49
152|Malta|MT|126
153|Mauritius|MU|40
154|Maldives|MV|105
155|Malawi|MW|104
156|Mexico|MX|33
157|Malaysia|MY|34
158|Mozambique|MZ|115
159|Namibia|NA|117
160|New Caledonia|NC|15
161|Niger|NE|41
162|Norfolk Island|NF|21
163|Nigeria|NG|121
164|Nicaragua|NI|120
165|Netherlands|NL|126
166|Norway|NO|14
167|Nepal|NP|118
168|Nauru|NR|21
169|Niue|NU|35
170|New Zealand|NZ|35
171|Oman|OM|161
172|Panama|PA|16
173|Peru|PE|157
174|French Polynesia|PF|15
175|Papua New Guinea|PG|159
176|Philippines|PH|36
177|Pakistan|PK|160
178|Poland|PL|17
179|Saint Pierre and Miquelon|PM|126
180|Pitcairn Islands|PN|35
181|Puerto Rico|PR|1
182|State of Palestine|PS|89
183|Portugal|PT|126
184|Palau|PW|1
185|Paraguay|PY|158
186|Qatar|QA|156
187|Réunion|RE|126
188|Romania|RO|28
189|Serbia|RS|150
190|Russian Federation|RU|30
191|Rwanda|RW|155
192|Saudi Arabia|SA|151
193|Solomon Islands|SB|146
194|Seychelles|SC|149
195|Sudan|SD|141
196|Sweden|SE|18
197|Singapore|SG|37
198|Saint Helena, Ascension and Tristan da Cunha|SH|154
199|Slovenia|SI|126
200|Svalbard and Jan Mayen|SJ|14
201|Slovakia|SK|126
202|Sierra Leone|SL|148
203|San Marino|SM|126
204|Senegal|SN|41
205|Somalia|SO|145
206|Suriname|SR|140
207|South Sudan|SS|143
208|São Tomé and Príncipe|ST|152
209|El Salvador|SV|76
210|Sint Maarten (Dutch part)|SX|72
211|Syria|SY|138
212|Eswatini|SZ|139
213|Turks and Caicos Islands|TC|1
214|Chad|TD|42
215|French Southern Territories|TF|126
216|Togo|TG|41
217|Thailand|TH|134
218|Tajikistan|TJ|136
219|Tokelau|TK|35
220|Turkmenistan|TM|130
221|Tunisia|TN|131
222|Tonga|TO|133
223|Timor-Leste|TL|1
224|Türkiye|TR|31
225|Trinidad and Tobago|TT|132
226|Tuvalu|TV|21
227|Taiwan|TW|137
228|Tanzania|TZ|135
229|Ukraine|UA|22
230|Uganda|UG|43
231|United Kingdom|GB|144
232|USA Minor Outlying Islands|UM|1
233|United States|US|1
234|Uruguay|UY|46
235|Uzbekistan|UZ|128
236|Holy See (Vatican City State)|VA|126
237|Saint Vincent and the Grenadines|VC|49
238|Venezuela|VE|2
239|Virgin Islands (British)|VG|1
240|Virgin Islands (USA)|VI|1
241|Vietnam|VN|23
242|Vanuatu|VU|127
243|Wallis and Futuna|WF|15
244|Samoa|WS|153
245|Yemen|YE|125
246|Mayotte|YT|126
247|South Africa|ZA|38
248|Zambia|ZM|124
249|Zimbabwe|ZW|123
250|Northern Ireland|XI|144
251|Kosovo|XK|126`;
