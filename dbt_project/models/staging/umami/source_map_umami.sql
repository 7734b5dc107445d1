{#
  What Umami's channels are in our words (source_l1 of the marts). Data: one line per channel. A channel that is not here
  shows as 'unknown', under its own name in source_l2.
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
