{#-
  Statuses: document of /afterSale/List, `aftersale_status`. 12 means that the case is settled, which need not mean that the money is paid:
  with `refund_status` 1 (to pay), 2 (paying) or 4 (failed) it is still processing. With 5 the refund was clawed back later and is none.
-#}
{%- set states = {
    '6': 'requested',
    '3': 'processing',
    '7': 'processing',
    '8': 'processing',
    '11': 'processing',
    '13': 'processing',
    '27': 'processing',
    '29': 'processing',
    '12': 'success',
    '14': 'success',
    '28': 'closed',
} -%}
{%- set refund_status = 'coalesce(latest.record.detail.refund_status, latest.record.aftersale_info.refund_status)' -%}
{%- set types = {
    '0': 'return_refund',
    '1': 'refund_only',
    '2': 'before_shipment',
    '3': 'exchange',
    '6': 'refund_only',
    '7': 'other',
    '8': 'other',
} %}

with

refunds as (
    select
        latest.account_id,
        latest.record_key as refund_id,
        latest.load_id,
        nullif(latest.record.order_info.shop_order_id, '') as order_id,
        {# A refund of several lines names none here: the marts would charge that line with the money of all (stg_doudian__refund_lines). #}
        case
            when {{ array_length('latest.record.order_info.related_order_info') }} = 1
                then nullif({{ first_of('latest.record.order_info.related_order_info') }}.sku_order_id, '')
        end as line_id,
        case
            when {{ refund_status }} = '5' then 'closed'
            when latest.record.aftersale_info.aftersale_status = '12' and {{ refund_status }} in ('1', '2', '4') then 'processing'
            else {{ translate('latest.record.aftersale_info.aftersale_status', states) }}
        end as refund_state,
        {{ translate('latest.record.aftersale_info.aftersale_type', types) }} as refund_type,
        {{ epoch_time('latest.record.aftersale_info.apply_time') }} as requested_at,
        coalesce({{ epoch_time('latest.record.detail.refund_time') }}, latest.success_seen_at) as done_at,
        {#
          The list has the amount applied for; only the detail has what was given back (`real_refund_amount`). 14 is a finished exchange,
          repair or new shipment: no money went back.
        #}
        coalesce(
            case latest.record.aftersale_info.aftersale_status
                when '12' then {{ hundredths('latest.record.detail.real_refund_amount') }}
                when '14' then 0
            end,
            {{ hundredths('latest.record.aftersale_info.refund_amount') }}
        ) as refund_amount,
        coalesce(
            {{ hundredths('latest.record.detail.refund_post_amount') }},
            {{ hundredths('latest.record.aftersale_info.refund_post_amount') }},
            0
        ) as refund_shipping,
        coalesce({{ hundredths('latest.record.aftersale_info.refund_tax_amount') }}, 0) as refund_tax,
        {{ money('latest.record.aftersale_info.aftersale_num') }} as quantity,
        latest.record.aftersale_info.reason as reason,
        {# `arbitrate_status`: 0 none, 1 under way, 2 for the buyer, 3 against the buyer, 4 and 5 evidence and talks, 255 over. #}
        case
            when latest.disputed_at is not null then true
            when latest.record.aftersale_info.arbitrate_status is not null then false
        end as is_disputed,
        case
            when latest.decided_at is not null then true
            when latest.record.aftersale_info.arbitrate_status is not null then false
        end as is_platform_decided
    from {{ ref('base_doudian__refunds') }} as latest
)

select
    'doudian' as platform,
    refunds.account_id,
    account.store_id,
    refund_id,
    order_id,
    line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then done_at end as refunded_at,
    refund_amount,
    cast(greatest(refund_amount - refund_shipping - refund_tax, 0) as decimal(18, 4)) as refund_goods,
    cast(refund_shipping as decimal(18, 4)) as refund_shipping,
    cast(refund_tax as decimal(18, 4)) as refund_tax,
    {# `aftersale_num` is how many pieces the case is about. They come back only in a return, or never left. #}
    case when refund_type in ('return_refund', 'before_shipment') then quantity end as quantity,
    reason,
    is_disputed,
    is_platform_decided,
    account.currency,
    refunds.load_id
from refunds
left join {{ source('raw_daybook', 'accounts') }} as account
    on refunds.account_id = account.account_id
