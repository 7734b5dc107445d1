{#
  Translates the sources of report source/all/a to source_l1 of the marts: first by name, then (at the end) by kind, which is the vendor's
  code up to its comma, for sites and engines that are not named here. A source that is neither becomes 'unknown' and keeps its own name
  in source_l2.
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
