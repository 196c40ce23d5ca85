// Currencies of a fresh Odoo 19.0 (only USD is active) and its units of measure, with their ids.

/** id|code|symbol|rounding|position|full name */
export const currencies = `
1|USD|$|0.01|before|United States dollar
2|VEF|Bs.F|0.01|after|Venezuelan bolívar fuerte
3|CAD|$|0.01|after|Canadian dollar
4|CHF|CHF|0.01|before|Swiss franc
5|BRL|R$|0.01|before|Brazilian real
6|CNY|¥|0.01|before|Chinese yuan
7|CNH|¥|0.01|before|Chinese yuan - Offshore
8|COP|$|0.01|before|Colombian peso
9|CZK|Kč|0.01|after|Czech koruna
10|DKK|kr|0.01|before|Danish krone
11|HUF|Ft|0.01|after|Hungarian forint
12|IDR|Rp|0.01|before|Indonesian rupiah
13|LVL|Ls|0.01|after|Latvian lats
14|NOK|kr|0.01|before|Norwegian krone
15|XPF|XPF|1|after|CFP franc
16|PAB|B/.|0.01|after|Panamanian balboa
17|PLN|zł|0.01|after|Polish złoty
18|SEK|kr|0.01|after|Swedish krona
19|ARS|$|0.01|before|Argentine peso
20|INR|₹|0.01|before|Indian rupee
21|AUD|$|0.01|before|Australian dollar
22|UAH|₴|0.01|after|Ukraine Hryvnia
23|VND|₫|1|after|Vietnamese đồng
24|HKD|$|0.01|before|Hong Kong dollar
25|JPY|¥|1|before|Japanese yen
26|BGN|лв|0.01|after|Bulgarian lev
27|LTL|Lt|0.01|after|Lithuanian litas
28|RON|lei|0.01|after|Romanian leu
29|HRK|kn|0.01|after|Croatian kuna
30|RUB|руб|0.01|after|Russian ruble
31|TRY|₺|0.01|after|Turkish lira
32|KRW|₩|1|before|South Korean won
33|MXN|$|0.01|before|Mexican peso
34|MYR|RM|0.01|before|Malaysian ringgit
35|NZD|$|0.01|before|New Zealand dollar
36|PHP|₱|0.01|after|Philippine peso
37|SGD|S$|0.01|before|Singapore dollar
38|ZAR|R|0.01|before|South African rand
39|CRC|₡|0.01|before|Costa Rican colón
40|MUR|Rs|0.01|after|Mauritian rupee
41|XOF|CFA|1|after|CFA franc BCEAO
42|XAF|FCFA|1|after|CFA franc BEAC
43|UGX|USh|1|after|Ugandan shilling
44|HNL|L|0.01|before|Honduran lempira
45|CLP|$|1|before|Chilean peso
46|UYU|$|0.01|after|Uruguayan peso
47|AFN|Afs|0.01|after|Afghan afghani
48|AOA|Kz|0.01|after|Angolan kwanza
49|XCD|$|0.01|after|East Caribbean dollar
50|AMD|դր.|0.01|after|Armenian dram
51|AWG|Afl.|0.01|after|Aruban florin
52|AZN|m|0.01|after|Azerbaijani manat
53|BSD|B$|0.01|after|Bahamian dollar
54|BHD|BD|0.001|after|Bahraini dinar
55|BDT|৳|0.01|after|Bangladeshi taka
56|BBD|Bds$|0.01|after|Barbados dollar
57|BYR|BR|1|after|Belarusian ruble
58|BYN|Br|0.01|after|Belarusian ruble
59|BZD|BZ$|0.01|after|Belize dollar
60|BMD|BD$|0.01|after|Bermudian dollar
61|BTN|Nu.|0.01|after|Bhutanese ngultrum
62|BOB|Bs.|0.01|after|Boliviano
63|BAM|KM|0.01|after|Bosnia and Herzegovina convertible mark
64|BWP|P|0.01|after|Botswana pula
65|BIF|FBu|1|after|Burundian franc
66|KHR|៛|0.01|after|Cambodian riel
67|KYD|$|0.01|after|Cayman Islands dollar
68|KMF|CF|1|after|Comorian franc
69|CDF|Fr|0.01|after|Congolese franc
70|CUP|$|0.01|after|Cuban peso
71|ANG|ƒ|0.01|before|Netherlands Antillean guilder
72|XCG|Cg|0.01|after|Caribbean Guilder
73|DJF|Fdj|1|after|Djiboutian franc
74|DOP|RD$|0.01|before|Dominican peso
75|EGP|LE|0.01|after|Egyptian pound
76|SVC|¢|0.01|after|Salvadoran Colon
77|ERN|Nfk|0.01|after|Eritrean nakfa
78|ETB|Br|0.01|after|Ethiopian birr
79|FKP|£|0.01|after|Falkland Islands pound
80|FJD|FJ$|0.01|after|Fiji dollar
81|GEL|ლ|0.01|after|Georgian lari
82|GIP|£|0.01|after|Gibraltar pound
83|GNF|FG|1|after|Guinean franc
84|GYD|$|0.01|after|Guyanese dollar
85|HTG|G|0.01|after|Haitian gourde
86|ISK|kr|1|after|Icelandic króna
87|IRR|﷼|0.01|after|Iranian rial
88|IQD| ع.د|0.001|after|Iraqi dinar
89|ILS|₪|0.01|before|Israeli new shekel
90|JMD|$|0.01|after|Jamaican dollar
91|JOD| د.ا |0.001|after|Jordanian dinar
92|KZT|₸|0.01|after|Kazakhstani tenge
93|KES|KSh|0.01|after|Kenyan shilling
94|KWD| د.ك |0.001|after|Kuwaiti dinar
95|KGS|лв|0.01|after|Kyrgyzstani som
96|LAK|₭|0.01|after|Lao kip
97|LBP|ل.ل|0.01|after|Lebanese pound
98|LSL|M|0.01|after|Lesotho loti
99|LRD|L$|0.01|after|Liberian dollar
100|LYD| ل.د |0.001|after|Libyan dinar
101|MOP|MOP$|0.01|after|Macanese pataca
102|MKD|ден|0.01|after|Macedonian denar
103|MGA|Ar|0.01|after|Malagasy ariary
104|MWK|MK|0.01|after|Malawian kwacha
105|MVR|Rf|0.01|before|Maldivian rufiyaa
106|MRO|UM|0.01|after|Mauritanian ouguiya (old)
107|MRU|UM|0.01|after|Mauritanian ouguiya
108|MDL|L|0.01|after|Moldovan leu
109|MNT|₮|0.01|after|Mongolian tögrög
110|MAD|DH|0.01|after|Moroccan dirham
111|BND|B$|0.01|before|Brunei dollar
112|DZD|DA|0.01|after|Algerian dinar
113|GHS|GH¢|0.01|after|Ghanaian cedi
114|GMD|D|0.01|after|Gambian dalasi
115|MZN|MT|0.01|after|Mozambican metical
116|MMK|K|0.01|after|Myanmar kyat
117|NAD|$|0.01|after|Namibian dollar
118|NPR|₨|0.01|after|Nepalese rupee
119|ALL|L|0.01|after|Albanian lek
120|NIO|C$|0.01|after|Nicaraguan córdoba
121|NGN|₦|0.01|after|Nigerian naira
122|KPW|₩|0.01|after|North Korean won
123|ZIG|ZiG|0.01|after|Zimbabwe Gold
124|ZMW|ZK|0.01|after|Zambian kwacha
125|YER|﷼|0.01|after|Yemeni rial
126|EUR|€|0.01|after|Euro
127|VUV|VT|1|after|Vanuatu vatu
128|UZS|лв|0.01|after|Uzbekistan som
129|AED|AED|0.01|after|United Arab Emirates dirham
130|TMT|T|0.01|after|Turkmenistan manat
131|TND|DT|0.001|after|Tunisian dinar
132|TTD|$|0.01|after|Trinidad and Tobago dollar
133|TOP|T$|0.01|after|Tongan paʻanga
134|THB|฿|0.01|after|Thai baht
135|TZS|TSh|0.01|after|Tanzanian shilling
136|TJS|TJS|0.01|after|Tajikistani somoni
137|TWD|NT$|1|after|New Taiwan dollar
138|SYP|£|0.01|after|Syrian pound
139|SZL|E|0.01|after|Swazi lilangeni
140|SRD|$|0.01|after|Surinamese dollar
141|SDG|ج.س.|0.01|after|Sudanese pound
142|LKR|Rs|0.01|after|Sri Lankan rupee
143|SSP|£|0.01|after|South Sudanese pound
144|GBP|£|0.01|before|Pound sterling
145|SOS|Sh.|0.01|after|Somali shilling
146|SBD|SI$|0.01|after|Solomon Islands dollar
147|SLL|Le|0.01|after|Sierra Leonean leone
148|SLE|Le|0.01|after|Sierra Leonean leone
149|SCR|SR|0.01|after|Seychellois rupee
150|RSD|din.|0.01|after|Serbian dinar
151|SAR|SR|0.01|after|Saudi riyal
152|STD|Db|0.01|after|São Tomé and Príncipe dobra
153|WST|WS$|0.01|after|Samoan tālā
154|SHP|£|0.01|after|Saint Helena pound
155|RWF|RF|1|after|Rwandan franc
156|QAR|QR|0.01|after|Qatari riyal
157|PEN|S/|0.01|before|Peruvian sol
158|PYG|₲|1|after|Paraguayan guaraní
159|PGK|K|0.01|after|Papua New Guinean kina
160|PKR|Rs.|0.01|after|Pakistani rupee
161|OMR|ر.ع.|0.001|after|Omani rial
162|CVE|$|0.01|after|Cape Verdean escudo
163|COU|$|0.01|before|Unidad de Valor Real
164|CLF|$|0.0001|before|Unidad de Fomento
165|CUC|$|0.01|after|Cuban convertible peso
166|GTQ|Q|0.01|after|Guatemalan Quetzal
167|VES|Bs|0.01|after|Venezuelan bolívar soberano
168|UYW|$|0.0001|after|Unidad previsional
169|UYI|$|0.0001|after|Uruguay Peso en Unidades Indexadas
170|STN|Db|0.01|after|São Tomé and Príncipe dobra`;

/** id|name|factor|relative factor|relative unit id|active|sequence|external id in module uom */
export const units = `
1|Units|1|1||1|100|product_uom_unit
2|Pack of 6|6|6|1|1|600|product_uom_pack_6
3|Dozens|12|12|1|0|1000|product_uom_dozen
4|Hours|1|1||1|100|product_uom_hour
5|Days|8|8|4|1|800|product_uom_day
6|Minutes|0.0166667|0.0166667|4|1|1|product_uom_minute
7|mm|1|1||1|100|product_uom_millimeter
8|cm|10|10|7|0|1000|product_uom_cm
9|m|1000|100|8|1|1000|product_uom_meter
10|km|1000000|1000|9|0|1000|product_uom_km
11|m²|1|1||1|100|product_uom_square_meter
12|ml|1|1||1|100|product_uom_milliliter
13|L|1000|1000|12|1|1000|product_uom_litre
14|m³|1000000|1000|13|0|1000|product_uom_cubic_meter
15|g|1|1||1|100|product_uom_gram
16|kg|1000|1000|15|1|1000|product_uom_kgm
17|Ton|1000000|1000|16|1|1000|product_uom_ton
18|oz|28.3495|28.3495|15|0|1000|product_uom_oz
19|lb|453.592|16|18|0|1000|product_uom_lb
20|in|25.4|2.54|8|0|254|product_uom_inch
21|ft|304.79999999999995|12|20|0|1000|product_uom_foot
22|yd|914.3999999999999|3|21|0|300|product_uom_yard
23|mi|1609343.9999999998|1760|22|0|1000|product_uom_mile
24|ft²|0.092903|0.092903|11|0|9|product_uom_square_foot
25|fl oz (US)|29.5735|0.0295735|13|0|2|product_uom_floz
26|qt (US)|946.352|32|25|0|1000|product_uom_qt
27|gal (US)|3785.408|4|26|0|400|product_uom_gal
28|in³|16.3871|0.0163871|13|0|1|product_uom_cubic_inch
29|ft³|28316.9088|1728|28|0|1000|product_uom_cubic_foot
30|KWH|1|1||1|100|product_uom_kwh`;
