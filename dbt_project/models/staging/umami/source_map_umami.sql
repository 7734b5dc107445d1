{#
  Translates Umami's channels to source_l1 of the marts. A channel that is not here becomes 'unknown' and keeps its own name in source_l2.
#}
{%- set names = [
    ('direct', 'direct_returning'),
    ('organicSearch', 'free_search'),
    ('organicShopping', 'free_search'),
    ('organicSocial', 'free_content'),
    ('organicVideo', 'free_content'),
    ('paidSearch', 'paid_search_bidding'),
    ('paidShopping', 'paid_search_bidding'),
    ('paidSocial', 'paid_display_feed'),
    ('paidVideo', 'paid_display_feed'),
    ('paidAds', 'paid_display_feed'),
    ('affiliate', 'affiliate'),
    ('email', 'owned'),
    ('sms', 'owned'),
    ('referral', 'off_platform'),
] -%}

{{ source_map(names) }}
