{#
  A refund comes twice: in its order and in the shop's list of refunds. Neither is complete by itself: a refund need not move its order's
  modified time, and old shops have no list. Its amount is positive, its lines are negative. A refund of an amount alone has no lines, so
  its parts are null. A fee that is a discount belongs to the goods, as in the order; the others are in no part. A deleted refund leaves no trace. An order without refunds does not prove that one was deleted (issue 65488), but an
  order that was read later than the refund and has other refunds does.
#}
with

told_by_order as (
    select
        account_id,
        load_id,
        1 as precedence,
        record_key as order_id,
        latest.record.currency as currency,
        {{ explode('latest.record.refunds_detail') }} as refund
    from {{ ref('base_woocommerce__orders') }} as latest
),

told_by_list as (
    select
        listed.account_id,
        listed.load_id,
        2 as precedence,
        listed.record.parent_id as order_id,
        parent.record.currency as currency,
        listed.record as refund
    from {{ ref('base_woocommerce__refunds') }} as listed
    left join {{ ref('base_woocommerce__orders') }} as parent
        on listed.account_id = parent.account_id and listed.record.parent_id = parent.record_key
    where parent.record_key is null or listed.read_at >= parent.read_at
        or {{ array_length('parent.record.refunds_detail') }} = 0
        or {{ array_sum('parent.record.refunds_detail', 'known', 'case when known.id = listed.record_key then 1 end') }} > 0
),

told as (
    {% for source in ['told_by_order', 'told_by_list'] %}
    select
        account_id,
        load_id,
        precedence,
        order_id,
        currency,
        {{ source }}.refund.id as refund_id,
        {{ parse_instant(source ~ '.refund.date_created_gmt') }} as refunded_at,
        {{ money(source ~ '.refund.amount') }} as refund_amount,
        {{ source }}.refund.line_items as line_items,
        {{ array_length(source ~ '.refund.line_items') }} as line_count,
        {{ array_length(source ~ '.refund.shipping_lines') }} + {{ array_length(source ~ '.refund.fee_lines') }}
            as charge_count,
        -coalesce({{ array_sum(source ~ '.refund.line_items', 'line', money('line.quantity')) }}, 0) as quantity,
        -coalesce({{ array_sum(source ~ '.refund.line_items', 'line', money('line.total')) }}, 0)
            - coalesce({{ array_sum(source ~ '.refund.fee_lines', 'charge', 'greatest(' ~ money('charge.total') ~ ', 0)') }}, 0) as goods,
        -coalesce({{ array_sum(source ~ '.refund.shipping_lines', 'charge', money('charge.total')) }}, 0) as shipping,
        -coalesce({{ array_sum(source ~ '.refund.fee_lines', 'charge', 'least(' ~ money('charge.total') ~ ', 0)') }}, 0) as fees,
        -coalesce({{ array_sum(source ~ '.refund.line_items', 'line', money('line.total_tax')) }}, 0)
            - coalesce({{ array_sum(source ~ '.refund.shipping_lines', 'charge', money('charge.total_tax')) }}, 0)
            - coalesce({{ array_sum(source ~ '.refund.fee_lines', 'charge', money('charge.total_tax')) }}, 0) as tax
    from {{ source }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

ranked as (
    select
        *,
        max(load_id) over (partition by account_id, refund_id) as last_load_id,
        row_number() over (
            partition by account_id, refund_id
            order by
                case when refund_amount is null then 1 else 0 end,
                line_count + charge_count desc,
                precedence
        ) as choice
    from told
),

refunds as (
    select
        *,
        line_count + charge_count > 0 and goods + shipping + fees + tax = refund_amount as is_split
    from ranked
    where choice = 1
)

select
    'woocommerce' as platform,
    refunds.account_id,
    account.store_id,
    refund_id,
    nullif(order_id, '0') as order_id,
    {# The order line that a refund line belongs to is in its meta data. #}
    case
        when line_count = 1 and charge_count = 0
            then {{ value_of(first_of('line_items') ~ '.meta_data', '_refunded_item_id') }}
    end as line_id,
    'success' as refund_state,
    {# The shop does not say whether goods came back. #}
    'other' as refund_type,
    refunded_at as requested_at,
    refunded_at,
    refund_amount,
    case when is_split then cast(goods as decimal(18, 4)) end as refund_goods,
    case when is_split then cast(shipping as decimal(18, 4)) end as refund_shipping,
    case when is_split then cast(tax as decimal(18, 4)) end as refund_tax,
    case when line_count > 0 then cast(quantity as decimal(18, 4)) end as quantity,
    {# The reason is free text typed by staff, which may name the buyer: it does not land. #}
    {{ null_as('text') }} as reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    coalesce(refunds.currency, account.currency) as currency,
    last_load_id as load_id
from refunds
left join {{ source('raw_daybook', 'accounts') }} as account
    on refunds.account_id = account.account_id
