{#
  What the sources of report source/all/a are in our words (source_l1 of the marts). Data: one line per name, and
  at the end per kind (the vendor's code up to its comma), for the sites and engines nobody has named. A source
  that is neither shows as 'unknown', under its own name in source_l2.
#}
{%- set names = [
    ('直接访问', 'direct_returning'),
    ('搜索引擎', 'free_search'),
    ('外部链接', 'off_platform'),
    ('社交媒体', 'off_platform'),
    ('自定义来源', 'off_platform'),
    ('百度推广', 'paid_search_bidding'),
    ('百度', 'free_search'),
    ('百度自然搜索', 'free_search'),
    ('神马搜索', 'free_search'),
    ('神马', 'free_search'),
    ('搜狗', 'free_search'),
    ('360搜索', 'free_search'),
    ('好搜', 'free_search'),
    ('必应', 'free_search'),
    ('Bing', 'free_search'),
    ('Google', 'free_search'),
    ('头条搜索', 'free_search'),
    ('其他搜索引擎', 'free_search'),
    ('through', 'direct_returning'),
    ('search', 'free_search'),
    ('link', 'off_platform'),
] -%}

{{ source_map(names) }}
