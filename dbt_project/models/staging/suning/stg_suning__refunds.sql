{#-
  `statusDesc` is one of eight (1 退款待处理, 2 已拒绝退款, 3 待买家发货, 4 待商家收货, 5 退款失败, 6 退款处理中, 7 退款关闭, 8 退款成功), by
  its text or its number (the page does not show which); older code saw others, so the words are looked at. A return is counted only if
  they say that it is done.
-#}
with

returns as (
    select
        latest.account_id,
        latest.record_key as refund_id,
        latest.load_id,
        latest.record.orderCode as order_id,
        {# A return names the product and not the order line; the marts find the line by it. #}
        nullif(latest.record.productCode, '') as line_id,
        case
            when {{ suning_return_succeeded('latest.record.statusDesc') }} then 'success'
            when latest.record.statusDesc = '7' or latest.record.statusDesc like '%关闭%' or latest.record.statusDesc like '%取消%' then 'closed'
            when
                latest.record.statusDesc = '1' or latest.record.statusDesc like '%待处理%' or latest.record.statusDesc like '%待商家处理%'
                or latest.record.statusDesc like '%待审%' then 'requested'
            else 'processing'
        end as refund_state,
        {{ local_time('latest.record.applyTime', "'Asia/Shanghai'") }} as requested_at,
        latest.success_seen_at,
        {{ money('latest.record.returnMoney') }} as refund_amount,
        latest.record.returnReason as reason
    from {{ ref('base_suning__refunds') }} as latest
)

select
    'suning' as platform,
    returns.account_id,
    account.store_id,
    refund_id,
    order_id,
    line_id,
    refund_state,
    'other' as refund_type,
    requested_at,
    case when refund_state = 'success' then success_seen_at end as refunded_at,
    refund_amount,
    {{ null_as('decimal(18, 4)') }} as refund_goods,
    {{ null_as('decimal(18, 4)') }} as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {{ null_as('decimal(18, 4)') }} as quantity,
    reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    account.currency,
    returns.load_id
from returns
left join {{ source('raw_daybook', 'accounts') }} as account
    on returns.account_id = account.account_id
