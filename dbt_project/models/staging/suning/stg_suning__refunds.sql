{#- The texts of `statusDesc` are not documented, so its words are looked at. A return is counted only if they say that it is done. -#}
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
            when
                (latest.record.statusDesc like '%完成%' or latest.record.statusDesc like '%成功%')
                and latest.record.statusDesc not like '%未%' and latest.record.statusDesc not like '%不成功%'
                then 'success'
            when
                latest.record.statusDesc like '%关闭%' or latest.record.statusDesc like '%取消%'
                or latest.record.statusDesc like '%拒绝%' then 'closed'
            when latest.record.statusDesc like '%待商家处理%' or latest.record.statusDesc like '%待审%' then 'requested'
            else 'processing'
        end as refund_state,
        {{ local_time('latest.record.applyTime', "'Asia/Shanghai'") }} as requested_at,
        {{ local_time('latest.record.statusPassTime', "'Asia/Shanghai'") }} as passed_at,
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
    case when refund_state = 'success' then coalesce(passed_at, requested_at) end as refunded_at,
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
