{#
  Where the visit came from in which an order was placed. WooCommerce (8.5 and later) keeps it with the order:
  `_wc_order_attribution_source_type`, and for a tagged link its `utm_medium` and `utm_source`. A word that is not here, and an order that
  the shop entered itself, is 'unknown'. Orders from before 8.5, or of buyers who did not consent, have no such field and no row here.
#}
{%- set types = {'organic': 'free_search', 'typein': 'direct_returning', 'referral': 'off_platform'} -%}
{%- set media = {
    'organic': 'free_search',
    'cpc': 'paid_search_bidding', 'ppc': 'paid_search_bidding', 'paidsearch': 'paid_search_bidding', 'paid_search': 'paid_search_bidding',
    'cpm': 'paid_display_feed', 'display': 'paid_display_feed', 'banner': 'paid_display_feed', 'retargeting': 'paid_display_feed',
    'paid': 'paid_display_feed', 'paidsocial': 'paid_display_feed', 'paid_social': 'paid_display_feed', 'paid-social': 'paid_display_feed',
    'social': 'free_content', 'social-media': 'free_content', 'social_media': 'free_content', 'video': 'free_content',
    'affiliate': 'affiliate', 'affiliates': 'affiliate',
    'email': 'owned', 'e-mail': 'owned', 'newsletter': 'owned', 'sms': 'owned', 'push': 'owned',
    'referral': 'off_platform',
} -%}
{# On these sites a paid click (cpc, ppc) comes from a feed and not from a search. #}
{%- set feeds = ['facebook', 'fb', 'instagram', 'ig', 'meta', 'tiktok', 'pinterest', 'snapchat', 'twitter', 'x', 'linkedin', 'youtube'] -%}

with

told as (
    select
        latest.account_id,
        account.store_id,
        latest.record_key as order_id,
        latest.load_id,
        {%- for name in ['source_type', 'utm_medium', 'utm_source'] %}
        lower(trim({{ value_of('latest.record.meta_data', '_wc_order_attribution_' ~ name) }})) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('base_woocommerce__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'woocommerce' as platform,
    account_id,
    store_id,
    order_id,
    case
        {%- for word, source_l1 in types.items() %}
        when source_type = '{{ word }}' then '{{ source_l1 }}'
        {%- endfor %}
        when source_type = 'utm' and utm_medium in ('cpc', 'ppc')
            and utm_source in ({% for name in feeds %}'{{ name }}'{{ ", " if not loop.last }}{% endfor %}) then 'paid_display_feed'
        {%- for word, source_l1 in media.items() %}
        when source_type = 'utm' and utm_medium = '{{ word }}' then '{{ source_l1 }}'
        {%- endfor %}
        else 'unknown'
    end as source_l1,
    load_id
from told
where source_type is not null
